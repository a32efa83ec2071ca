/** Whether somebody still uses a claim, a volume or a class of volume attributes that is to go. PURE. */
import type { PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttributesClass } from '../../../shared/model/gen/api.ts'
import { nameOf, type KubeObject } from '../../../shared/model/meta.ts'

/** A pod that no node has been chosen for cannot have begun to use anything. */
export const usesClaim = ({ metadata, spec }: Pod, claimName: string): boolean =>
  Boolean(spec?.nodeName) && (spec?.volumes ?? []).some((volume) => volume.persistentVolumeClaim?.claimName === claimName || (volume.ephemeral !== undefined && `${metadata.name}-${volume.name}` === claimName))

export const isClaimUsed = (claim: PersistentVolumeClaim, podsOfNamespace: readonly Pod[]): boolean => podsOfNamespace.some((pod) => usesClaim(pod, nameOf(claim)))

export const isVolumeUsed = ({ status }: PersistentVolume): boolean => status?.phase === 'Bound'

export const attributesClassesOf = ({ spec, status }: PersistentVolumeClaim): readonly string[] =>
  [spec?.volumeAttributesClassName, status?.currentVolumeAttributesClassName, status?.modifyVolumeStatus?.targetVolumeAttributesClassName].flatMap((name) => (name ? [name] : []))

export function isAttributesClassUsed(one: VolumeAttributesClass, claims: Iterable<PersistentVolumeClaim>, volumes: Iterable<PersistentVolume>): boolean {
  const name = nameOf(one)
  for (const claim of claims) if (attributesClassesOf(claim).includes(name)) return true
  for (const volume of volumes) if (volume.spec?.volumeAttributesClassName === name) return true
  return false
}

/** The object without its protection; `undefined` if it has none, or does not have to go. */
export function unprotected<T extends KubeObject>(object: T, finalizer: string): T | undefined {
  const { finalizers = [], deletionTimestamp } = object.metadata
  if (deletionTimestamp === undefined || !finalizers.includes(finalizer)) return undefined
  return { ...object, metadata: { ...object.metadata, finalizers: finalizers.filter((one) => one !== finalizer) } }
}
