import type { EnsureResult, Image } from './port.ts'
import { type ParsedReference, parseReference, type Reference } from './reference.ts'

/** The words of kubelet and containerd for an image that cannot be had. Pure. */
export type PullDecision = { readonly kind: 'use' } | { readonly kind: 'pull' } | { readonly kind: 'refuse'; readonly result: EnsureResult }

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never'

/** `private`: it is here, and this pod has shown no right to it. */
export type Presence = 'absent' | 'usable' | 'private'

/** Kubernetes' rule: `Never` never asks a registry, `IfNotPresent` only for what is missing or somebody else's, `Always` each time. */
export function decidePull(given: string, policy: PullPolicy, presence: Presence): PullDecision {
  if (policy === 'Never') return presence === 'usable' ? { kind: 'use' } : { kind: 'refuse', result: neverPull(given, presence) }
  return policy === 'IfNotPresent' && presence === 'usable' ? { kind: 'use' } : { kind: 'pull' }
}

/** Kubelet's default of the policy, for callers that have only the name: `latest` and no tag mean Always. */
export function defaultPullPolicy(reference: Reference): PullPolicy {
  return reference.digest === undefined && reference.tag === 'latest' ? 'Always' : 'IfNotPresent'
}

const neverPull = (given: string, presence: Presence): EnsureResult => ({
  kind: 'refused',
  reason: 'ErrImageNeverPull',
  message: presence === 'absent' ? `Container image "${given}" is not present with pull policy of Never` : `Container image "${given}" is present with pull policy of Never but does not have the proper credentials to access the image`,
})

export const invalidName = (given: string, why: string): EnsureResult => ({
  kind: 'refused',
  reason: 'InvalidImageName',
  message: `Failed to apply default image tag "${given}": couldn't parse image name "${given}": ${why}`,
})

/** What a pull ends in where there is no registry client. */
export function pullFailed(reference: Reference, present: Image | undefined): EnsureResult {
  const advice =
    present === undefined
      ? `this node takes images from archives only, no registry is asked: load it with "gantry image import FILE"`
      : `this node takes images from archives only, no registry is asked: the image is here, so set imagePullPolicy to IfNotPresent, or use another tag than latest`
  return {
    kind: 'refused',
    reason: 'ErrImagePull',
    message: `failed to pull and unpack image "${reference.full}": failed to resolve reference "${reference.full}": ${reference.full}: not found (${advice})`,
  }
}

/** What a caller may look an image up by: its id, whole or without `sha256:`, or a name. */
export type Lookup = { readonly kind: 'id'; readonly hex: string } | { readonly kind: 'name'; readonly reference: Reference } | { readonly kind: 'invalid'; readonly message: string }

export function lookupOf(text: string): Lookup {
  const hex = /^(?:sha256:)?([a-f0-9]{64})$/.exec(text)?.[1]
  if (hex !== undefined) return { kind: 'id', hex }
  const parsed: ParsedReference = parseReference(text)
  return parsed.kind === 'ok' ? { kind: 'name', reference: parsed.reference } : parsed
}
