import type { FieldError } from '../../../shared/model/field-error.ts'
import type { EndpointSlice } from '../../../shared/model/gen/api.ts'

export const validateNewEndpointSlice = (_object: EndpointSlice): readonly FieldError[] => []
export const validateEndpointSliceChange = (_object: EndpointSlice, _old: EndpointSlice): readonly FieldError[] => []
