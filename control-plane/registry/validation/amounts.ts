/** Counts that may also be percentages: how much may be unavailable, too much, or must be available. */
import { type FieldError, invalid } from '../../../shared/model/field-error.ts'
import { type IntOrString, percentOf } from '../../../shared/model/int-or-string.ts'
import { percentProblems } from '../../../shared/model/validation/names.ts'
import { nonNegative, objections } from './check.ts'

export const countOrPercent = (field: string, value: IntOrString): readonly FieldError[] => (typeof value === 'string' ? objections(field, value, percentProblems(value)) : nonNegative(field, value))

export const notMoreThanAll = (field: string, value: IntOrString): readonly FieldError[] => ((percentOf(value) ?? 0) > 100 ? [invalid(field, value, 'must not be greater than 100%')] : [])

/** A text that is no percentage is read as the number it begins with, or 0. */
export const amountOf = (value: IntOrString): number => (typeof value === 'number' ? value : (percentOf(value) ?? (/^[+-]?[0-9]+$/.test(value) ? Number(value) : 0)))
