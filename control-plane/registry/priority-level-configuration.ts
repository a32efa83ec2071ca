import type { PriorityLevelConfiguration } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { priorityLevelColumns, priorityLevelRow } from './columns/flow-control.ts'
import { defaultPriorityLevel } from './defaults/flow-control.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { keepAllButStatus } from './updates/keep.ts'
import { validateFlowSchemaStatus } from './validation/flow-schema.ts'
import { validatePriorityLevel } from './validation/priority-level.ts'

export const priorityLevelConfiguration = defineKind<PriorityLevelConfiguration>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  singular: 'prioritylevelconfiguration',
  shortNames: [],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: defaultPriorityLevel,
  prepareForCreate: (object) => ({ ...object, status: {} }),
  prepareForUpdate: (object, old, { subresource }) => keepAllButStatus(object, old, subresource),
  validateCreate: validatePriorityLevel,
  validateUpdate: (object, _, { subresource }) => (subresource === 'status' ? validateFlowSchemaStatus(object.status) : validatePriorityLevel(object)),
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: priorityLevelColumns,
  row: priorityLevelRow,
})
