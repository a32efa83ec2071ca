import { type FieldError, forbidden, invalid, notSupported } from '../../../shared/model/field-error.ts'
import type { PriorityClass } from '../../../shared/model/gen/api.ts'

export const HIGHEST_USER_PRIORITY = 1_000_000_000
const SYSTEM_PREFIX = 'system-'

/** What every cluster has by itself. */
export const systemPriorityClasses: Readonly<Record<string, number>> = { 'system-node-critical': 2_000_001_000, 'system-cluster-critical': 2_000_000_000 }

export function validateNewPriorityClass({ metadata, value = 0, globalDefault = false, preemptionPolicy }: PriorityClass): readonly FieldError[] {
  const name = metadata.name ?? ''
  const errors: FieldError[] = []
  if (name.startsWith(SYSTEM_PREFIX)) {
    const problem = systemProblem(name, value, globalDefault)
    if (problem !== undefined) errors.push(forbidden('metadata.name', `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${problem}`))
  } else if (value > HIGHEST_USER_PRIORITY) errors.push(forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`))
  if (preemptionPolicy !== undefined && preemptionPolicy !== 'PreemptLowerPriority' && preemptionPolicy !== 'Never') errors.push(notSupported('preemptionPolicy', preemptionPolicy, ['PreemptLowerPriority', 'Never']))
  return errors
}

function systemProblem(name: string, value: number, globalDefault: boolean): string | undefined {
  const known = Object.hasOwn(systemPriorityClasses, name) ? systemPriorityClasses[name] : undefined
  if (known === undefined) return `${name} is not a known system priority class`
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}

/** Pods carry the value: it stays. */
export function validatePriorityClassChange(one: PriorityClass, old: PriorityClass): readonly FieldError[] {
  const errors: FieldError[] = (one.value ?? 0) === (old.value ?? 0) ? [] : [forbidden('value', 'may not be changed in an update.')]
  return one.preemptionPolicy === old.preemptionPolicy ? errors : [...errors, invalid('preemptionPolicy', one.preemptionPolicy ?? null, 'field is immutable')]
}
