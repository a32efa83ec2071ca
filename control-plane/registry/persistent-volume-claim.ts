import type { PersistentVolumeClaim } from '../../shared/model/gen/api.ts'
import { persistentVolumeClaimColumns, persistentVolumeClaimRow } from './columns/storage.ts'
import { defaultPersistentVolumeClaim } from './defaults/persistent-volume.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { prepareChangedClaim, prepareNewClaim } from './updates/persistent-volume.ts'
import { validateClaimChange, validateNewClaim } from './validation/persistent-volume-claim.ts'
import { persistentVolumeClaimWarnings } from './warnings/storage.ts'

export const persistentVolumeClaim = defineKind<PersistentVolumeClaim>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  singular: 'persistentvolumeclaim',
  shortNames: ['pvc'],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.PersistentVolumeClaim',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: defaultPersistentVolumeClaim,
  prepareForCreate: prepareNewClaim,
  prepareForUpdate: prepareChangedClaim,
  validateCreate: validateNewClaim,
  validateUpdate: validateClaimChange,
  warnings: persistentVolumeClaimWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  columns: persistentVolumeClaimColumns,
  row: persistentVolumeClaimRow,
})
