import type { ResourceQuota } from '../../shared/model/gen/api.ts'
import { resourceQuotaColumns, resourceQuotaRow } from './columns/policy.ts'
import { fillAbsent, mapMember } from './defaults/fill.ts'
import { defaultResourceList } from './defaults/resources.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { keepOtherPart } from './updates/keep.ts'
import { validateNewResourceQuota, validateResourceQuotaChange } from './validation/resource-quota.ts'

export const resourceQuota = defineKind<ResourceQuota>({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  singular: 'resourcequota',
  shortNames: ['quota'],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ResourceQuota',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: defaultQuota,
  prepareForCreate: (object) => ({ ...object, status: {} }),
  prepareForUpdate: (object, old, { subresource }) => keepOtherPart(object, old, subresource),
  validateCreate: validateNewResourceQuota,
  validateUpdate: validateResourceQuotaChange,
  nameRule: 'dns-subdomain',
  ownMetadataRules: 'of-changes',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  columns: resourceQuotaColumns,
  row: resourceQuotaRow,
})

function defaultQuota(object: ResourceQuota): ResourceQuota {
  const spec = mapMember(fillAbsent(object, { spec: {}, status: {} }), 'spec', (one) => mapMember(one, 'hard', defaultResourceList))
  return mapMember(spec, 'status', (status) => mapMember(mapMember(status, 'hard', defaultResourceList), 'used', defaultResourceList))
}
