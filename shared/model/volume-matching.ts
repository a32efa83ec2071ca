/** Which volume a claim gets. Pure. */
import type { PersistentVolume, PersistentVolumeClaim } from './gen/api.ts'
import { matchesSelector } from './label-selector.ts'
import { isTerminating, nameOf, namespaceOf } from './meta.ts'
import { nodeSelectorMatches } from './node-selector.ts'
import { compareQuantities } from './quantity.ts'

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class'
/** On what a controller bound, and not its user: taken back whole. */
export const BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller'

export const classOfVolume = ({ metadata, spec }: PersistentVolume): string => metadata.annotations?.[BETA_CLASS] ?? spec?.storageClassName ?? ''
export const classOfClaim = ({ metadata, spec }: PersistentVolumeClaim): string => metadata.annotations?.[BETA_CLASS] ?? spec?.storageClassName ?? ''

const sizeOfVolume = ({ spec }: PersistentVolume): string | undefined => amountOf(spec?.capacity)
export const sizeOfClaim = ({ spec }: PersistentVolumeClaim): string | undefined => amountOf(spec?.resources?.requests)
const amountOf = (list: Readonly<Record<string, string | number>> | undefined): string | undefined => (list?.['storage'] === undefined ? undefined : String(list['storage']))
const modeOf = (mode: string | undefined): string => mode ?? 'Filesystem'

/** Whether the volume is promised to this claim: by its name at least, by its uid once they are bound. */
export function isPromised(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const reference = volume.spec?.claimRef
  if (!reference || reference.name !== nameOf(claim) || reference.namespace !== namespaceOf(claim)) return false
  return !reference.uid || reference.uid === claim.metadata.uid
}

/** Why a volume that a claim asks for by name cannot be its volume. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (compareQuantities(sizeOfVolume(volume), sizeOfClaim(claim)) < 0) return 'requested PV is too small'
  if (classOfVolume(volume) !== classOfClaim(claim)) return 'storageClassName does not match'
  if ((volume.spec?.volumeAttributesClassName ?? '') !== (claim.spec?.volumeAttributesClassName ?? '')) return 'volumeAttributesClassName does not match'
  if (modeOf(volume.spec?.volumeMode) !== modeOf(claim.spec?.volumeMode)) return 'incompatible volumeMode'
  return hasModes(volume, claim) ? undefined : 'incompatible accessMode'
}

const hasModes = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean => (claim.spec?.accessModes ?? []).every((mode) => volume.spec?.accessModes?.includes(mode))

/** The volume promised to the claim, or else the smallest one that has all it asks for. Who waits for its first consumer gets only what is promised. */
export function bestMatch(volumes: readonly PersistentVolume[], claim: PersistentVolumeClaim, waits: boolean): PersistentVolume | undefined {
  const big = volumes.filter((volume) => !isTerminating(volume) && compareQuantities(sizeOfVolume(volume), sizeOfClaim(claim)) >= 0 && modeOf(volume.spec?.volumeMode) === modeOf(claim.spec?.volumeMode))
  const promised = big.find((volume) => isPromised(volume, claim))
  if (promised || waits) return promised
  const { selector } = claim.spec ?? {}
  const fits = big.filter(
    (volume) =>
      !volume.spec?.claimRef &&
      volume.status?.phase === 'Available' &&
      (!selector || matchesSelector(selector, volume.metadata.labels ?? {})) &&
      mismatch(volume, claim) === undefined,
  )
  const order = (a: PersistentVolume, b: PersistentVolume): number =>
    compareQuantities(sizeOfVolume(a), sizeOfVolume(b)) || (a.spec?.accessModes?.length ?? 0) - (b.spec?.accessModes?.length ?? 0) || (nameOf(a) < nameOf(b) ? -1 : 1)
  return fits.toSorted(order)[0]
}

export interface NamedNode {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** Whether the volume can be used on the node. */
export const isReachable = ({ spec }: PersistentVolume, node: NamedNode): boolean => spec?.nodeAffinity?.required === undefined || nodeSelectorMatches(spec.nodeAffinity.required, node)

/** As {@link bestMatch}, for a claim whose first consumer goes to the node. What is promised to it elsewhere keeps it from all others. */
export function bestMatchOn(node: NamedNode, volumes: readonly PersistentVolume[], claim: PersistentVolumeClaim): PersistentVolume | undefined {
  const promised = bestMatch(volumes, claim, true)
  if (promised) return isReachable(promised, node) ? promised : undefined
  return bestMatch(volumes.filter((volume) => isReachable(volume, node)), claim, false)
}

/** The volume as it is when it belongs to the claim; the same value if it does. */
export function boundVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const owner = volume.spec?.claimRef
  if (owner?.uid !== undefined && owner.uid === claim.metadata.uid) return volume
  const asked = owner !== undefined && isPromised(volume, claim)
  const { name, namespace, uid, resourceVersion } = claim.metadata
  const annotations = asked ? volume.metadata.annotations : { ...volume.metadata.annotations, [BY_CONTROLLER]: 'yes' }
  return {
    ...volume,
    metadata: { ...volume.metadata, ...(annotations && { annotations }) },
    spec: { ...volume.spec, claimRef: { kind: 'PersistentVolumeClaim', namespace, name, uid, apiVersion: 'v1', resourceVersion } },
  }
}
