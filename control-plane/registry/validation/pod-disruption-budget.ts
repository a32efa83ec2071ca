import { type FieldError, invalid } from '../../../shared/model/field-error.ts'
import type { PodDisruptionBudget, PodDisruptionBudgetSpec } from '../../../shared/model/gen/api.ts'
import type { IntOrString } from '../../../shared/model/int-or-string.ts'
import type { StrategyContext } from '../kind.ts'
import { countOrPercent, notMoreThanAll } from './amounts.ts'
import { nonNegative, oneOf } from './check.ts'
import { validateConditions } from './conditions.ts'
import { validateLabelSelector } from './label-selector.ts'
import { printedSelector } from '../printed/maps.ts'

export const validateNewBudget = ({ spec }: PodDisruptionBudget): readonly FieldError[] => validateSpec(spec, 'spec')

export const validateBudgetChange = (budget: PodDisruptionBudget, _old: PodDisruptionBudget, { subresource }: StrategyContext): readonly FieldError[] =>
  subresource === 'status' ? validateStatus(budget) : validateSpec(budget.spec, 'spec')

function validateSpec(spec: PodDisruptionBudgetSpec = {}, path: string): readonly FieldError[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = spec
  return [
    ...(minAvailable !== undefined && maxUnavailable !== undefined ? [invalid(path, printed(spec), 'minAvailable and maxUnavailable cannot be both set')] : []),
    ...amount(`${path}.minAvailable`, minAvailable),
    ...amount(`${path}.maxUnavailable`, maxUnavailable),
    ...validateLabelSelector(selector, `${path}.selector`),
    ...(policy === undefined ? [] : oneOf(`${path}.unhealthyPodEvictionPolicy`, policy, ['AlwaysAllow', 'IfHealthyBudget'])),
  ]
}

const amount = (field: string, value: IntOrString | undefined): readonly FieldError[] => (value === undefined ? [] : [...countOrPercent(field, value), ...notMoreThanAll(field, value)])

const printed = ({ minAvailable, selector, maxUnavailable, unhealthyPodEvictionPolicy }: PodDisruptionBudgetSpec): unknown => ({
  MinAvailable: minAvailable ?? null,
  Selector: selector ? printedSelector(selector) : null,
  MaxUnavailable: maxUnavailable ?? null,
  UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy ?? null,
})

const counts = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const

const validateStatus = ({ status }: PodDisruptionBudget): readonly FieldError[] => [
  ...validateConditions(status?.conditions, 'status.conditions'),
  ...counts.flatMap((name) => nonNegative(`status.${name}`, status?.[name])),
]
