import type { FieldError } from '../../../shared/model/field-error.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import type { Refused } from '../decode/refused.ts'

/** `causes` go into the Status' details, where there are any. */
export interface PatchRefused extends Refused {
  readonly causes?: readonly FieldError[]
}

export type PatchOutcome = { readonly kind: 'patched'; readonly object: JsonObject } | PatchRefused

/** A patch that cannot be carried out: Kubernetes does not say why. */
export const rejected: PatchRefused = { kind: 'refused', code: 422, reason: 'Invalid', message: 'the server rejected our request due to an error in our request' }

/** A mistake that Kubernetes takes for its own. */
export const internal = (message: string): PatchRefused => ({ kind: 'refused', code: 500, reason: undefined, message })
