import type { FieldError } from '../../shared/model/field-error.ts'
import type { PlacedSchema } from '../registry/validation/custom-resource-definition/hoisted.ts'

export const ruleErrors = (_placed: PlacedSchema, _before: readonly PlacedSchema[] | undefined): readonly FieldError[] => []
