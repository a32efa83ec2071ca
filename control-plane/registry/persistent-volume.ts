import type { PersistentVolume } from '../../shared/model/gen/api.ts'
import { persistentVolumeColumns, persistentVolumeRow } from './columns/storage.ts'
import { defaultPersistentVolume } from './defaults/persistent-volume.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { prepareChangedPersistentVolume, prepareNewPersistentVolume } from './updates/persistent-volume.ts'
import { validateNewPersistentVolume, validatePersistentVolumeChange } from './validation/persistent-volume.ts'
import { persistentVolumeWarnings } from './warnings/storage.ts'

export const persistentVolume = defineKind<PersistentVolume>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  singular: 'persistentvolume',
  shortNames: ['pv'],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.PersistentVolume',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: defaultPersistentVolume,
  prepareForCreate: prepareNewPersistentVolume,
  prepareForUpdate: prepareChangedPersistentVolume,
  validateCreate: validateNewPersistentVolume,
  validateUpdate: validatePersistentVolumeChange,
  warnings: persistentVolumeWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  columns: persistentVolumeColumns,
  row: persistentVolumeRow,
})
