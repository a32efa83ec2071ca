import type { FieldError } from '../../../shared/model/field-error.ts'
import type { Secret } from '../../../shared/model/gen/api.ts'

export const validateNewSecret = (_object: Secret): readonly FieldError[] => []
export const validateSecretChange = (_object: Secret, _old: Secret): readonly FieldError[] => []
