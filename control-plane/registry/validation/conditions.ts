/** Conditions as most statuses have them (`metav1.Condition`). */
import { duplicate, type FieldError, invalid, notSupported, required, tooLong } from '../../../shared/model/field-error.ts'
import type { Condition } from '../../../shared/model/gen/api.ts'
import { byteLength } from '../../../shared/model/go-text.ts'
import { patternProblem } from '../../../shared/model/validation/names.ts'
import { validateLabelName } from '../../../shared/model/validation/object-meta.ts'
import { each } from './check.ts'

const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
const REASON_RULE = "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'"
const REASON_EXAMPLES = ['my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB']
const REASON_MAX_BYTES = 1024
const MESSAGE_MAX_BYTES = 32 * 1024

export function validateConditions(conditions: readonly Condition[] | undefined, path: string): readonly FieldError[] {
  const types = new Set<string>()
  return each(conditions, path, (condition, at) => {
    const repeated = types.has(condition.type)
    types.add(condition.type)
    return [...(repeated ? [duplicate(`${at}.type`, condition.type)] : []), ...validateCondition(condition, at)]
  })
}

function validateCondition(condition: Condition, path: string): readonly FieldError[] {
  const { status, observedGeneration = 0, message } = condition
  const errors: FieldError[] = [...validateLabelName(condition.type ?? '', `${path}.type`)]
  if (!['False', 'True', 'Unknown'].includes(status)) errors.push(notSupported(`${path}.status`, status ?? '', ['False', 'True', 'Unknown']))
  if (observedGeneration < 0) errors.push(invalid(`${path}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero'))
  if (!condition.lastTransitionTime) errors.push(required(`${path}.lastTransitionTime`, 'must be set'))
  errors.push(...validateReason(condition.reason ?? '', `${path}.reason`))
  return byteLength(message) > MESSAGE_MAX_BYTES ? [...errors, tooLong(`${path}.message`, MESSAGE_MAX_BYTES)] : errors
}

function validateReason(reason: string, field: string): readonly FieldError[] {
  if (reason === '') return [required(field, 'must be set')]
  const errors: FieldError[] = new RegExp(`^${REASON}$`).test(reason) ? [] : [invalid(field, reason, patternProblem(REASON_RULE, REASON, REASON_EXAMPLES))]
  return byteLength(reason) > REASON_MAX_BYTES ? [...errors, tooLong(field, REASON_MAX_BYTES)] : errors
}
