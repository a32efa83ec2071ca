import type { FieldError } from '../../../shared/model/field-error.ts'
import type { Lease } from '../../../shared/model/gen/api.ts'

export const validateNewLease = (_object: Lease): readonly FieldError[] => []
export const validateLeaseChange = (_object: Lease, _old: Lease): readonly FieldError[] => []
