import type { ResourceSlice } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { resourceSliceColumns, resourceSliceRow } from './columns/device.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { preparedSlice } from './updates/resource-slice.ts'
import { validateNewResourceSlice, validateResourceSliceChange } from './validation/resource-slice.ts'
import { resourceSliceWarnings } from './warnings/device.ts'

export const resourceSlice = defineKind<ResourceSlice>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  singular: 'resourceslice',
  shortNames: [],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.resource.v1.ResourceSlice',
  verbs: storedVerbs,
  subresources: [],
  defaults: unchanged,
  prepareForCreate: (object, { nowMs }) => preparedSlice(object, nowMs),
  prepareForUpdate: (object, _, { nowMs }) => preparedSlice(object, nowMs),
  validateCreate: validateNewResourceSlice,
  validateUpdate: validateResourceSliceChange,
  warnings: resourceSliceWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  selectableFields: ({ spec }) => ({ 'spec.nodeName': spec.nodeName ?? '', 'spec.driver': spec.driver }),
  columns: resourceSliceColumns,
  row: resourceSliceRow,
})
