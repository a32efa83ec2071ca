import type { Pod, PodResourceClaim, ResourceV1ResourceClaim } from './gen/api.ts'
import { controllerOf, uidOf } from './meta.ts'

/** Which ResourceClaim stands behind an entry of `spec.resourceClaims`. Pure. */

export type WantedClaim =
  /** `generated`: made from a template, and so the pod's own. */
  | { readonly kind: 'named'; readonly name: string; readonly generated: boolean }
  /** Its template has not been followed yet. */
  | { readonly kind: 'unnamed' }
  /** It was found that none is needed. */
  | { readonly kind: 'needless' }

export function wantedClaim({ status }: Pod, { name, resourceClaimName }: PodResourceClaim): WantedClaim {
  if (resourceClaimName !== undefined) return { kind: 'named', name: resourceClaimName, generated: false }
  const told = status?.resourceClaimStatuses?.find((one) => one.name === name)
  if (!told) return { kind: 'unnamed' }
  return told.resourceClaimName === undefined ? { kind: 'needless' } : { kind: 'named', name: told.resourceClaimName, generated: true }
}

/** Whether a claim that should have been made for the pod was. */
export const isMadeFor = (pod: Pod, claim: ResourceV1ResourceClaim): boolean => controllerOf(claim)?.uid === uidOf(pod)
