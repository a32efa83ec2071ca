import type { PriorityClass } from '../../shared/model/gen/api.ts'
import { priorityClassColumns, priorityClassRow } from './columns/policy.ts'
import { fillAbsent } from './defaults/fill.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateNewPriorityClass, validatePriorityClassChange } from './validation/priority-class.ts'

export const priorityClass = defineKind<PriorityClass>({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  singular: 'priorityclass',
  shortNames: ['pc'],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.scheduling.v1.PriorityClass',
  verbs: storedVerbs,
  subresources: [],
  defaults: (object) => fillAbsent(object, { preemptionPolicy: 'PreemptLowerPriority' }),
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewPriorityClass,
  validateUpdate: validatePriorityClassChange,
  nameRule: 'dns-subdomain',
  ownMetadataRules: 'of-changes',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  // It has a generation, which never grows.
  hasNewGeneration: () => false,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: priorityClassColumns,
  row: priorityClassRow,
})
