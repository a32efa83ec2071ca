import { duplicate, type FieldError, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { PodSchedulingGate, Toleration, TopologySpreadConstraint } from '../../../shared/model/gen/api.ts'
import { labelValueProblems, qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { validateLabelName } from '../../../shared/model/validation/object-meta.ts'
import { each, objections, oneOf } from './check.ts'
import { validateLabelKeys } from './label-keys.ts'
import { validateLabelSelector } from './label-selector.ts'

export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const

function validateTolerationValue({ operator = '', value = '' }: Toleration, field: string): readonly FieldError[] {
  switch (operator) {
    case '':
    case 'Equal': {
      const problems = labelValueProblems(value)
      return problems.length > 0 ? [invalid(field, value, problems.join(';'))] : []
    }
    case 'Exists':
      return value === '' ? [] : [invalid(field, value, "value must be empty when `operator` is 'Exists'")]
    default:
      return [notSupported(field, operator, ['Equal', 'Exists'])]
  }
}

export const validateTolerations = (tolerations: readonly Toleration[] | undefined, path: string): readonly FieldError[] =>
  each(tolerations, path, (toleration, at) => {
    const { key = '', operator = '', effect = '', tolerationSeconds } = toleration
    const errors: FieldError[] = key === '' ? [] : [...validateLabelName(key, `${at}.key`)]
    if (key === '' && operator !== 'Exists') errors.push(invalid(`${at}.operator`, operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"'))
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') errors.push(invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
    return [...errors, ...validateTolerationValue(toleration, `${at}.operator`), ...(effect === '' ? [] : oneOf(`${at}.effect`, effect, taintEffects))]
  })

const POSITIVE = 'must be greater than zero'

export function validateTopologySpread(constraints: readonly TopologySpreadConstraint[] | undefined, path: string): readonly FieldError[] {
  const textOf = ({ topologyKey, whenUnsatisfiable }: TopologySpreadConstraint): string => JSON.stringify([topologyKey, whenUnsatisfiable])
  const last = new Map(constraints?.map((constraint, index) => [textOf(constraint), index]))
  return each(constraints, path, (constraint, at, index) => {
    const { maxSkew, topologyKey, whenUnsatisfiable } = constraint
    const repeated = (last.get(textOf(constraint)) ?? index) > index
    return [
      ...(maxSkew <= 0 ? [invalid(`${at}.maxSkew`, maxSkew, POSITIVE)] : []),
      // Unlike that of an affinity it may be what no label is called.
      ...(topologyKey ? [] : [required(`${at}.topologyKey`, 'can not be empty')]),
      ...oneOf(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']),
      ...(repeated ? [duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`)] : []),
      ...validateMinDomains(constraint, `${at}.minDomains`),
      ...validatePolicy(constraint.nodeAffinityPolicy, `${at}.nodeAffinityPolicy`),
      ...validatePolicy(constraint.nodeTaintsPolicy, `${at}.nodeTaintsPolicy`),
      ...validateLabelKeys(constraint, at),
      ...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`),
    ]
  })
}

const validatePolicy = (policy: string | undefined, field: string): readonly FieldError[] => (policy === undefined ? [] : oneOf(field, policy, ['Honor', 'Ignore']))

function validateMinDomains({ minDomains, whenUnsatisfiable }: TopologySpreadConstraint, field: string): readonly FieldError[] {
  if (minDomains === undefined) return []
  const errors = minDomains <= 0 ? [invalid(field, minDomains, POSITIVE)] : []
  if (whenUnsatisfiable !== 'DoNotSchedule') errors.push(invalid(field, minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`))
  return errors
}

export function validateSchedulingGates(gates: readonly PodSchedulingGate[] | undefined, path: string): readonly FieldError[] {
  const names = new Set<string>()
  return each(gates, path, ({ name }, at) => {
    const errors: FieldError[] = [...objections(at, name, qualifiedNameProblems(name))]
    if (names.has(name)) errors.push(duplicate(at, name))
    names.add(name)
    return errors
  })
}
