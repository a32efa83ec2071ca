import { type FieldError, forbidden, invalid, required } from '../../../shared/model/field-error.ts'
import type { LabelSelector, LabelSelectorRequirement } from '../../../shared/model/gen/api.ts'
import { labelValueProblems } from '../../../shared/model/validation/names.ts'
import { validateLabelName, validateLabels } from '../../../shared/model/validation/object-meta.ts'
import { each, objections } from './check.ts'

/** Every objection against a label selector; none against one that is not there. */
export function validateLabelSelector(selector: LabelSelector | undefined, path: string): readonly FieldError[] {
  if (!selector) return []
  return [...validateLabels(selector.matchLabels, `${path}.matchLabels`), ...each(selector.matchExpressions, `${path}.matchExpressions`, validateRequirement)]
}

const validateRequirement = (requirement: LabelSelectorRequirement, path: string): readonly FieldError[] => [...validateOperator(requirement.operator, requirement.values ?? [], path), ...validateOperands(requirement, path)]

/** What a requirement speaks of, whatever it says of it. */
export function validateOperands({ key, values }: LabelSelectorRequirement, path: string): readonly FieldError[] {
  return [
    ...validateLabelName(key ?? '', `${path}.key`),
    ...each(values, `${path}.values`, (value, at) => objections(at, value, labelValueProblems(value))),
  ]
}

/** What an operator wants of its values; also those of node selectors. */
export function validateOperator(operator: string, values: readonly string[], path: string): readonly FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length === 0 ? [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")] : []
    case 'Exists':
    case 'DoesNotExist':
      return values.length > 0 ? [forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")] : []
    default:
      return [invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator')]
  }
}
