import type { CSIStorageCapacity } from '../../shared/model/gen/api.ts'
import { plainColumns, plainRow } from './columns/storage.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateCsiStorageCapacityChange, validateNewCsiStorageCapacity } from './validation/csi.ts'
import { csiStorageCapacityWarnings } from './warnings/storage.ts'

export const csiStorageCapacity = defineKind<CSIStorageCapacity>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  singular: 'csistoragecapacity',
  shortNames: [],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.storage.v1.CSIStorageCapacity',
  verbs: storedVerbs,
  subresources: [],
  defaults: unchanged,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewCsiStorageCapacity,
  validateUpdate: (object, old) => [...validateNewCsiStorageCapacity(object), ...validateCsiStorageCapacityChange(object, old)],
  warnings: csiStorageCapacityWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  columns: plainColumns,
  row: plainRow,
})
