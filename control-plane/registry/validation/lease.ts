import { type FieldError, invalid } from '../../../shared/model/field-error.ts'
import type { Lease } from '../../../shared/model/gen/api.ts'

export function validateNewLease({ spec }: Lease): readonly FieldError[] {
  const { leaseDurationSeconds: seconds, leaseTransitions: transitions } = spec ?? {}
  return [
    ...(seconds !== undefined && seconds <= 0 ? [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')] : []),
    ...(transitions !== undefined && transitions < 0 ? [invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')] : []),
  ]
}

export const validateLeaseChange = (lease: Lease): readonly FieldError[] => validateNewLease(lease)
