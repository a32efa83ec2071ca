/**
 * Pods of one template say the same, letter for letter, but for the random name of the volume that holds their token. What a check finds of a spec alone it finds of all that
 * say the same: those of which there was nothing to tell are remembered, and not looked at again.
 */
import type { PodSpec } from '../../shared/model/gen/api.ts'

/** Longer specs are rarely alike. */
const LONGEST = 8192
const MOST_KNOWN = 128

/** As admission names it: always of the same length and the same letters, so that no check can tell one such name from another. */
const TOKEN_VOLUME = /^kube-api-access-[a-z0-9]{5}$/
/** In its place. Stands in no text of JSON. */
const NAMELESS = '\u0000'

export interface KnownSpecs {
  has(spec: PodSpec): boolean
  /** From now on it is known, and whatever says the same. */
  add(spec: PodSpec): void
}

/** Specs of which there is nothing to tell; the one known for longest is forgotten first. */
export function knownSpecs(): KnownSpecs {
  const known = new Set<string>()
  return {
    has: (spec) => known.has(textOf(spec)),
    add(spec) {
      const text = textOf(spec)
      if (text.length > LONGEST || standsAlone(spec)) return
      if (known.size >= MOST_KNOWN) known.delete(known.values().next().value ?? '')
      known.add(text)
    },
  }
}

/** The claims of ephemeral volumes are named after the pod: whether they can be is not for its spec alone to say. */
const standsAlone = ({ volumes }: PodSpec): boolean => volumes?.some(({ ephemeral }) => ephemeral !== undefined) ?? false

function textOf(spec: PodSpec): string {
  const text = JSON.stringify(spec)
  const name = spec.volumes?.find((volume) => TOKEN_VOLUME.test(volume.name))?.name
  return name === undefined ? text : text.replaceAll(name, NAMELESS)
}
