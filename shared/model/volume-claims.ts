import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from './gen/api.ts'
import { controllerOf, nameOf, namespaceOf, objectKey, uidOf } from './meta.ts'

/** Which PersistentVolumeClaim stands behind a volume of a pod, and which volume behind the claim. Pure. */

/** On a claim that has its volume for good. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed'
/** On a claim that waited for its first consumer: the node for which a provisioner makes the volume. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node'

/** The claim's name in the pod's namespace; undefined where the volume is none of a claim. That of an ephemeral volume is made by a controller. */
export const claimNameOf = (pod: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): string | undefined => persistentVolumeClaim?.claimName ?? (ephemeral === undefined ? undefined : `${nameOf(pod)}-${name}`)

/** Keys (`namespace/name`) of all claims of a pod. */
export function claimKeysOf(pod: Pod): readonly string[] {
  const keys = new Set<string>()
  for (const volume of pod.spec?.volumes ?? []) {
    const name = claimNameOf(pod, volume)
    if (name) keys.add(objectKey(namespaceOf(pod), name))
  }
  return [...keys]
}

/** Why the claim of an ephemeral volume is not the pod's, as Kubernetes words it: somebody else made one of its name. */
export const notMadeFor = (pod: Pod, claim: PersistentVolumeClaim): string | undefined =>
  controllerOf(claim)?.uid === uidOf(pod) ? undefined : `PVC ${namespaceOf(claim)}/${nameOf(claim)} was not created for pod ${namespaceOf(pod)}/${nameOf(pod)} (pod is not owner)`

/** The key of the claim that a volume is bound or promised to. */
export const claimOfVolume = ({ spec }: PersistentVolume): string | undefined => (spec?.claimRef?.name ? objectKey(spec.claimRef.namespace ?? '', spec.claimRef.name) : undefined)

/** The claim has its volume for good. */
export const isFullyBound = ({ metadata, spec }: PersistentVolumeClaim): boolean => Boolean(spec?.volumeName) && metadata.annotations?.[BIND_COMPLETED] !== undefined
