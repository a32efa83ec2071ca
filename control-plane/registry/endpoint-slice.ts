import type { EndpointSlice } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { endpointSliceColumns, endpointSliceRow } from './columns/service.ts'
import { defaultEndpointSlice } from './defaults/endpoint-slice.ts'
import { defineKind, storedVerbs } from './typed-kind.ts'
import { withoutOldTopology } from './updates/endpoint-slice.ts'
import { validateEndpointSliceChange, validateNewEndpointSlice } from './validation/endpoint-slice.ts'
import { endpointSliceWarnings } from './warnings/networking.ts'

export const endpointSlice = defineKind<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  singular: 'endpointslice',
  shortNames: [],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.discovery.v1.EndpointSlice',
  verbs: storedVerbs,
  subresources: [],
  defaults: defaultEndpointSlice,
  prepareForCreate: withoutOldTopology,
  prepareForUpdate: withoutOldTopology,
  validateCreate: validateNewEndpointSlice,
  validateUpdate: validateEndpointSliceChange,
  warnings: endpointSliceWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual({ ...object, metadata: object.metadata.labels ?? {} }, { ...old, metadata: old.metadata.labels ?? {} }),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: endpointSliceColumns,
  row: endpointSliceRow,
})
