import type { FieldError } from '../../../shared/model/field-error.ts'
import type { Event } from '../../../shared/model/gen/api.ts'

export const validateNewEvent = (_object: Event): readonly FieldError[] => []
export const validateEventChange = (_object: Event, _old: Event): readonly FieldError[] => []
