import { deepEqual } from '../../../../shared/model/json.ts'
import { claimKeysOf } from '../../../../shared/model/volume-claims.ts'
import type { FilterPlugin } from '../framework.ts'
import { podClaims, volumeChooser } from '../storage.ts'

/** The volumes of all claims of a pod must be there for the node, or be had there: those of claims that wait for their first consumer. */
export const volumeBinding: FilterPlugin = {
  name: 'VolumeBinding',
  rejects({ pod }, { storage }) {
    const claims = podClaims(pod, storage)
    return claims?.kind === 'rejected' ? claims.reason : undefined
  },
  filter({ pod }, { storage }) {
    const claims = podClaims(pod, storage)
    if (claims?.kind === 'rejected') return () => ({ reasons: [claims.reason], resolvable: false })
    if (!claims) return undefined
    const chosenOn = volumeChooser(claims, storage)
    return (node) => {
      const choice = chosenOn(node)
      return choice.kind === 'refused' ? { reasons: choice.reasons, resolvable: false } : undefined
    }
  },
  local: false,
  helps({ pod }, event) {
    if (event.kind === 'claim') return claimKeysOf(pod).includes(event.key)
    return event.kind === 'volumes' || (event.kind === 'node' && !deepEqual(event.node.before?.labels, event.node.after?.labels))
  },
}
