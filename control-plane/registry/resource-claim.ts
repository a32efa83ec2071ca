import type { ResourceV1ResourceClaim } from '../../shared/model/gen/api.ts'
import { resourceClaimColumns, resourceClaimRow } from './columns/device.ts'
import { defaultResourceClaim } from './defaults/device-claim.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { keepAllButStatus } from './updates/keep.ts'
import { withoutFreedDevices } from './updates/resource-claim.ts'
import { validateNewResourceClaim, validateResourceClaimChange, validateResourceClaimStatus } from './validation/resource-claim.ts'

export const resourceClaim = defineKind<ResourceV1ResourceClaim>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  singular: 'resourceclaim',
  shortNames: [],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.resource.v1.ResourceClaim',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: defaultResourceClaim,
  prepareForCreate: (object) => ({ ...object, status: {} }),
  prepareForUpdate: (object, old, { subresource }) => keepAllButStatus(subresource === 'status' ? withoutFreedDevices(object, old) : object, old, subresource),
  validateCreate: validateNewResourceClaim,
  validateUpdate: (object, old, { subresource }) => (subresource === 'status' ? validateResourceClaimStatus(object, old) : validateResourceClaimChange(object, old)),
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  columns: resourceClaimColumns,
  row: resourceClaimRow,
})
