import type { APIService } from '../../shared/model/gen/api.ts'
import { apiServiceColumns, apiServiceRow } from './columns/api-service.ts'
import { fillAbsent, mapMember } from './defaults/fill.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { prepareNewApiService } from './updates/api-service.ts'
import { keepAllButStatus } from './updates/keep.ts'
import { validateApiService, validateApiServiceStatus } from './validation/api-service.ts'

const HTTPS_PORT = 443

/** A group and version of the API and who serves it. Those of this server itself are here; nothing is handed on to other servers yet. */
export const apiService = defineKind<APIService>({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  singular: 'apiservice',
  shortNames: [],
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: (object) => mapMember(object, 'spec', (spec) => mapMember(spec, 'service', (service) => fillAbsent(service, { port: HTTPS_PORT }))),
  prepareForCreate: prepareNewApiService,
  prepareForUpdate: (object, old, { subresource }) => keepAllButStatus(object, old, subresource),
  validateCreate: validateApiService,
  validateUpdate: (object, _, { subresource }) => (subresource === 'status' ? validateApiServiceStatus(object.status) : validateApiService(object)),
  nameRule: 'path-segment',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: apiServiceColumns,
  row: apiServiceRow,
})
