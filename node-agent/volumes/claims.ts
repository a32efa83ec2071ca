import type { PersistentVolume, Pod, Volume } from '../../shared/model/gen/api.ts'
import { isTerminating, namespaceOf } from '../../shared/model/meta.ts'
import { nodeSelectorMatches } from '../../shared/model/node-selector.ts'
import { claimNameOf, notMadeFor } from '../../shared/model/volume-claims.ts'
import type { ClaimSources } from './port.ts'

/** The volume behind a claim of a pod, and whether this node may mount it. Kubelet's words throughout. Pure. */

export type FoundVolume =
  | { readonly kind: 'found'; readonly volume: PersistentVolume }
  /** There is nothing to mount yet; without the words around it. */
  | { readonly kind: 'unprocessed'; readonly message: string }

/** A claim must be bound, both ways, and stay: what starts while it is on its way out would keep it. */
export function volumeBehind(pod: Pod, entry: Volume, claims: ClaimSources | undefined): FoundVolume {
  const namespace = namespaceOf(pod)
  const name = claimNameOf(pod, entry) ?? ''
  const stuck = (message: string): FoundVolume => ({ kind: 'unprocessed', message: `error processing PVC ${namespace}/${name}: ${message}` })
  const claim = claims?.claim(namespace, name)
  if (claim === undefined) return stuck(`failed to fetch PVC from API server: persistentvolumeclaims "${name}" not found`)
  const foreign = entry.ephemeral === undefined ? undefined : notMadeFor(pod, claim)
  if (foreign !== undefined) return { kind: 'unprocessed', message: foreign }
  if (isTerminating(claim)) return stuck('PVC is being deleted')
  if (claim.status?.phase !== 'Bound') return stuck('PVC is not bound')
  const volumeName = claim.spec?.volumeName ?? ''
  if (volumeName === '') return stuck('PVC has empty pvc.Spec.VolumeName')
  const volume = claims?.volume(volumeName)
  if (volume === undefined) return stuck(`failed to fetch PV ${volumeName} from API server: persistentvolumes "${volumeName}" not found`)
  const owner = volume.spec?.claimRef
  if (owner === undefined) return stuck(`found PV object ${volumeName} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`)
  if (owner.uid !== claim.metadata.uid) return stuck(`found PV object ${volumeName} but its pv.Spec.ClaimRef.UID ${owner.uid ?? ''} does not point to claim.UID ${claim.metadata.uid ?? ''}`)
  const wrong = wrongUse(pod, entry.name, volume)
  return wrong === undefined ? { kind: 'found', volume } : { kind: 'unprocessed', message: wrong }
}

/** A device is no folder. */
function wrongUse(pod: Pod, name: string, { spec }: PersistentVolume): string | undefined {
  const isBlock = spec?.volumeMode === 'Block'
  const { mounts, devices } = usedVolumes(pod)
  if (mounts.has(name) && isBlock) return `volume ${name} has volumeMode Block, but is specified in volumeMounts`
  return devices.has(name) && !isBlock ? `volume ${name} has volumeMode ${spec?.volumeMode ?? 'Filesystem'}, but is specified in volumeDevices` : undefined
}

/** What the containers of a pod use: a claim that none of them does is not looked at. */
export function usedVolumes({ spec }: Pod): { readonly mounts: ReadonlySet<string>; readonly devices: ReadonlySet<string> } {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])]
  return { mounts: new Set(containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name))), devices: new Set(containers.flatMap(({ volumeDevices = [] }) => volumeDevices.map(({ name }) => name))) }
}

/** Which step of mounting fails, and why. */
export interface Refusal {
  readonly step: string
  readonly message: string
}

/** Whether the volume is for this node. */
export function affinityRefusal({ spec }: PersistentVolume, pod: Pod, claims: ClaimSources | undefined): Refusal | undefined {
  const required = spec?.nodeAffinity?.required
  const name = pod.spec?.nodeName ?? ''
  return required === undefined || nodeSelectorMatches(required, { name, labels: claims?.labelsOfNode(name) ?? {} }) ? undefined : { step: 'MountVolume.NodeAffinity check', message: 'no matching NodeSelectorTerms' }
}

/** One pod alone: where that is the only way in which the volume may be used. */
export const isForOnePod = ({ spec }: PersistentVolume): boolean => spec?.accessModes?.length === 1 && spec.accessModes[0] === 'ReadWriteOncePod'
