import type { ResourceClaimTemplate } from '../../shared/model/gen/api.ts'
import { deviceColumns, deviceRow } from './columns/device.ts'
import { defaultResourceClaimTemplate } from './defaults/device-claim.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateNewResourceClaimTemplate, validateResourceClaimTemplateChange } from './validation/resource-claim.ts'

export const resourceClaimTemplate = defineKind<ResourceClaimTemplate>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaimTemplate',
  plural: 'resourceclaimtemplates',
  singular: 'resourceclaimtemplate',
  shortNames: [],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.resource.v1.ResourceClaimTemplate',
  verbs: storedVerbs,
  subresources: [],
  defaults: defaultResourceClaimTemplate,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewResourceClaimTemplate,
  validateUpdate: validateResourceClaimTemplateChange,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  columns: deviceColumns,
  row: deviceRow,
})
