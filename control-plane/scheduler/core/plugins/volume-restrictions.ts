import type { Pod } from '../../../../shared/model/gen/api.ts'
import { namespaceOf, objectKey } from '../../../../shared/model/meta.ts'
import { claimKeysOf } from '../../../../shared/model/volume-claims.ts'
import type { FilterPlugin } from '../framework.ts'
import type { Snapshot } from '../state.ts'

const REFUSAL = { reasons: ['node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod'], resolvable: true } as const

/** Keys of the pod's claims that are for one pod alone. */
const exclusiveClaims = (pod: Pod, { storage }: Snapshot): readonly string[] =>
  (pod.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => {
    const key = persistentVolumeClaim && objectKey(namespaceOf(pod), persistentVolumeClaim.claimName)
    return key !== undefined && storage.claim(key)?.spec?.accessModes?.includes('ReadWriteOncePod') ? [key] : []
  })

/** A claim with ReadWriteOncePod is had by one pod at a time, wherever that is. */
export const volumeRestrictions: FilterPlugin = {
  name: 'VolumeRestrictions',
  filter(info, snapshot) {
    const wanted = new Set(exclusiveClaims(info.pod, snapshot))
    if (wanted.size === 0) return undefined
    const isTaken = snapshot.nodes.some(({ pods }) => pods.some((other) => other.key !== info.key && claimKeysOf(other.pod).some((key) => wanted.has(key))))
    return isTaken ? () => REFUSAL : undefined
  },
  local: false,
  helps({ pod }, event) {
    const claims = new Set(claimKeysOf(pod))
    if (event.kind === 'claim') return claims.has(event.key)
    return event.kind === 'pod' && event.pod.after === undefined && event.pod.before !== undefined && claimKeysOf(event.pod.before.pod).some((key) => claims.has(key))
  },
}
