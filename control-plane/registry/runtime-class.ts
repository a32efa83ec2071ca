import type { RuntimeClass } from '../../shared/model/gen/api.ts'
import { runtimeClassColumns, runtimeClassRow } from './columns/policy.ts'
import { mapMember } from './defaults/fill.ts'
import { defaultResourceList } from './defaults/resources.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateNewRuntimeClass, validateRuntimeClassChange } from './validation/runtime-class.ts'
import { runtimeClassWarnings } from './warnings/runtime-class.ts'

export const runtimeClass = defineKind<RuntimeClass>({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  singular: 'runtimeclass',
  shortNames: [],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.node.v1.RuntimeClass',
  verbs: storedVerbs,
  subresources: [],
  defaults: (object) => mapMember(object, 'overhead', (overhead) => mapMember(overhead, 'podFixed', defaultResourceList)),
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewRuntimeClass,
  validateUpdate: validateRuntimeClassChange,
  warnings: runtimeClassWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: runtimeClassColumns,
  row: runtimeClassRow,
})
