import type { FieldError } from '../../../shared/model/field-error.ts'
import type { Service } from '../../../shared/model/gen/api.ts'

export const validateNewService = (_object: Service): readonly FieldError[] => []
export const validateServiceChange = (_object: Service, _old: Service): readonly FieldError[] => []
