/** Which volume a claim gets. PURE. */
import type { PersistentVolume, PersistentVolumeClaim } from '../../../shared/model/gen/api.ts'
import { matchesSelector } from '../../../shared/model/label-selector.ts'
import { isTerminating, nameOf, namespaceOf } from '../../../shared/model/meta.ts'
import { compareQuantities } from '../../../shared/model/quantity.ts'
import { amountsOf } from '../../registry/resource-list.ts'

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class'

export const classOfVolume = ({ metadata, spec }: PersistentVolume): string => metadata.annotations?.[BETA_CLASS] ?? spec?.storageClassName ?? ''
export const classOfClaim = ({ metadata, spec }: PersistentVolumeClaim): string => metadata.annotations?.[BETA_CLASS] ?? spec?.storageClassName ?? ''

const sizeOfVolume = ({ spec }: PersistentVolume): string | undefined => amountsOf(spec?.capacity)['storage']
const sizeOfClaim = ({ spec }: PersistentVolumeClaim): string | undefined => amountsOf(spec?.resources?.requests)['storage']
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
