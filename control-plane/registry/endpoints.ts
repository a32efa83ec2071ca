import type { EndpointPort, Endpoints, EndpointSubset } from '../../shared/model/gen/api.ts'
import { endpointsColumns, endpointsRow } from './columns/networking.ts'
import { fillZero, mapItems } from './defaults/fill.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateEndpointsChange, validateNewEndpoints } from './validation/endpoints.ts'
import { endpointsWarnings } from './warnings/networking.ts'

/** What EndpointSlices replace; old clients still read it. */
export const endpoints = defineKind<Endpoints>({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Endpoints',
  verbs: storedVerbs,
  subresources: [],
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  defaults: (object) => mapItems<Endpoints, EndpointSubset>(object, 'subsets', (subset) => mapItems<EndpointSubset, EndpointPort>(subset, 'ports', (port) => fillZero(port, { protocol: 'TCP' }))),
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewEndpoints,
  validateUpdate: validateEndpointsChange,
  warnings: endpointsWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: endpointsColumns,
  row: endpointsRow,
})
