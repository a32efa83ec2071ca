import type { PodDisruptionBudget } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { budgetColumns, budgetRow } from './columns/disruption.ts'
import { defineKind, statusSubresource, storedVerbs, unchanged } from './typed-kind.ts'
import { keepOtherPart } from './updates/keep.ts'
import { validateBudgetChange, validateNewBudget } from './validation/pod-disruption-budget.ts'

export const podDisruptionBudget = defineKind<PodDisruptionBudget>({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  singular: 'poddisruptionbudget',
  shortNames: ['pdb'],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.policy.v1.PodDisruptionBudget',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: unchanged,
  prepareForCreate: (object) => ({ ...object, status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 } }),
  prepareForUpdate: (object, old, { subresource }) => keepOtherPart(object, old, subresource),
  validateCreate: validateNewBudget,
  validateUpdate: validateBudgetChange,
  nameRule: 'path-segment',
  ownMetadataRules: 'nothing',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: budgetColumns,
  row: budgetRow,
})
