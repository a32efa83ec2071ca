import type { FlowSchema } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { flowSchemaColumns, flowSchemaRow } from './columns/flow-control.ts'
import { defaultFlowSchema } from './defaults/flow-control.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { keepAllButStatus } from './updates/keep.ts'
import { validateFlowSchema, validateFlowSchemaStatus } from './validation/flow-schema.ts'

export const flowSchema = defineKind<FlowSchema>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  singular: 'flowschema',
  shortNames: [],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.flowcontrol.v1.FlowSchema',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: defaultFlowSchema,
  prepareForCreate: (object) => ({ ...object, status: {} }),
  prepareForUpdate: (object, old, { subresource }) => keepAllButStatus(object, old, subresource),
  validateCreate: validateFlowSchema,
  validateUpdate: (object, _, { subresource }) => (subresource === 'status' ? validateFlowSchemaStatus(object.status) : validateFlowSchema(object)),
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: flowSchemaColumns,
  row: flowSchemaRow,
  compareRows: (a, b) => (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0),
})
