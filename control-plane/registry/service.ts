import type { Service } from '../../shared/model/gen/api.ts'
import { serviceColumns, serviceRow } from './columns/service.ts'
import { defaultService } from './defaults/service.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { prepareChangedService, prepareNewService } from './updates/service.ts'
import { validateNewService, validateServiceChange } from './validation/service.ts'
import { serviceWarnings } from './warnings/service.ts'

/** Addresses, families and node ports are given out, and judged, by the API server's allocations. */
export const service = defineKind<Service>({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Service',
  verbs: storedVerbs,
  subresources: [{ name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: 'ServiceProxyOptions', behaviour: { kind: 'special' } }, statusSubresource],
  defaults: defaultService,
  prepareForCreate: prepareNewService,
  prepareForUpdate: prepareChangedService,
  validateCreate: validateNewService,
  validateUpdate: validateServiceChange,
  warnings: serviceWarnings,
  nameRule: 'dns-label',
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  selectableFields: (object) => ({ 'spec.clusterIP': object.spec?.clusterIP ?? '', 'spec.type': object.spec?.type ?? '' }),
  columns: serviceColumns,
  row: serviceRow,
})
