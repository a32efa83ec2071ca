/** The claims of ephemeral volumes. PURE. */
import type { PersistentVolumeClaim, Pod, Volume } from '../../../shared/model/gen/api.ts'
import { isTerminating, nameOf, namespaceOf, uidOf } from '../../../shared/model/meta.ts'
import { claimNameOf, notMadeFor } from '../../../shared/model/volume-claims.ts'

export type Step =
  | { readonly kind: 'create'; readonly volume: string; readonly claim: PersistentVolumeClaim }
  /** Nothing can be done for this volume and those after it. */
  | { readonly kind: 'fail'; readonly volume: string; readonly message: string }

/** What is to be done for a pod, in this order. The claims go with their pod: it owns them. */
export function planClaims(pod: Pod, find: (name: string) => PersistentVolumeClaim | undefined): readonly Step[] {
  if (isTerminating(pod)) return []
  const steps: Step[] = []
  for (const volume of pod.spec?.volumes ?? []) {
    if (!volume.ephemeral) continue
    const known = find(claimNameOf(pod, volume) ?? '')
    if (!known) steps.push({ kind: 'create', volume: volume.name, claim: claimFor(pod, volume) })
    const foreign = known && notMadeFor(pod, known)
    if (foreign === undefined) continue
    steps.push({ kind: 'fail', volume: volume.name, message: foreign })
    break
  }
  return steps
}

function claimFor(pod: Pod, volume: Volume): PersistentVolumeClaim {
  const { metadata, spec } = volume.ephemeral?.volumeClaimTemplate ?? {}
  return {
    metadata: {
      name: claimNameOf(pod, volume),
      namespace: namespaceOf(pod),
      ...(metadata?.labels && { labels: metadata.labels }),
      ...(metadata?.annotations && { annotations: metadata.annotations }),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: nameOf(pod), uid: uidOf(pod), controller: true, blockOwnerDeletion: true }],
    },
    ...(spec && { spec }),
  }
}
