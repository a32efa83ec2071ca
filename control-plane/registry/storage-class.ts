import type { StorageClass } from '../../shared/model/gen/api.ts'
import { storageClassColumns, storageClassRow } from './columns/storage.ts'
import { fillAbsent } from './defaults/fill.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateNewStorageClass, validateStorageClassChange } from './validation/storage-class.ts'
import { storageClassWarnings } from './warnings/storage.ts'

export const storageClass = defineKind<StorageClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  singular: 'storageclass',
  shortNames: ['sc'],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.storage.v1.StorageClass',
  verbs: storedVerbs,
  subresources: [],
  defaults: (object) => fillAbsent(object, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }),
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewStorageClass,
  validateUpdate: (object, old) => [...validateNewStorageClass(object), ...validateStorageClassChange(object, old)],
  warnings: storageClassWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  columns: storageClassColumns,
  row: storageClassRow,
})
