import { duplicate, type FieldError, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { DeviceTaint, DeviceToleration } from '../../../shared/model/gen/api.ts'
import { labelValueProblems } from '../../../shared/model/validation/names.ts'
import { validateLabelName } from '../../../shared/model/validation/object-meta.ts'
import { each, objections } from './check.ts'
import { validateItems } from './limited-lists.ts'

const EFFECTS = ['NoExecute', 'NoSchedule', 'None']
const OPERATORS = ['Equal', 'Exists']
const MOST_CONDITIONS = 4

const value = (field: string, text: string): readonly FieldError[] => objections(field, text, labelValueProblems(text))

export function validateDeviceTaint({ key, value: text = '', effect }: DeviceTaint, path: string): readonly FieldError[] {
  const wrong = !effect ? [required(`${path}.effect`)] : EFFECTS.includes(effect) ? [] : [notSupported(`${path}.effect`, effect, EFFECTS)]
  return [...validateLabelName(key ?? '', `${path}.key`), ...(text === '' ? [] : value(`${path}.value`, text)), ...wrong]
}

export function validateDeviceToleration({ key = '', operator = '', value: text = '', effect = '' }: DeviceToleration, path: string): readonly FieldError[] {
  return [
    ...(key === '' ? [] : validateLabelName(key, `${path}.key`)),
    ...validateOperator(operator, text, path),
    ...(effect === '' || EFFECTS.includes(effect) ? [] : [notSupported(`${path}.effect`, effect, EFFECTS)]),
  ]
}

function validateOperator(operator: string, text: string, path: string): readonly FieldError[] {
  switch (operator) {
    case 'Exists':
      return text === '' ? [] : [invalid(`${path}.value`, text, 'must be empty for operator `Exists`')]
    case 'Equal':
      return value(`${path}.value`, text)
    case '':
      return [required(`${path}.operator`)]
    default:
      return [notSupported(`${path}.operator`, operator, OPERATORS)]
  }
}

interface Binding {
  readonly bindingConditions?: readonly string[] | undefined
  readonly bindingFailureConditions?: readonly string[] | undefined
}

/** What must be true, or must not, before a pod is bound: both or neither. */
export function validateBindingConditions({ bindingConditions: wanted = [], bindingFailureConditions: failing = [] }: Binding, path: string): readonly FieldError[] {
  const [wantedPath, failingPath] = [`${path}.bindingConditions`, `${path}.bindingFailureConditions`]
  const repeated = (items: readonly string[], field: string): readonly FieldError[] => each(items, field, (item, at, index) => (items.indexOf(item) < index ? [duplicate(at, item)] : []))
  return [
    ...validateItems(wanted, { path: wantedPath, most: MOST_CONDITIONS, check: (item, at) => validateLabelName(item, at) }),
    ...validateItems(failing, { path: failingPath, most: MOST_CONDITIONS, check: (item, at) => validateLabelName(item, at) }),
    ...repeated(wanted, wantedPath),
    ...each(failing, failingPath, (item, at, index) => [
      ...(failing.indexOf(item) < index ? [duplicate(at, item)] : []),
      ...(wanted.includes(item) ? [invalid(at, item, 'bindingFailureConditions must not overlap with bindingConditions')] : []),
    ]),
    ...(wanted.length === 0 && failing.length > 0 ? [invalid(wantedPath, null, 'bindingConditions are required to use bindingFailureConditions')] : []),
    ...(failing.length === 0 && wanted.length > 0 ? [invalid(failingPath, null, 'bindingFailureConditions are required to use bindingConditions')] : []),
  ]
}
