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

interface Candidates {
  readonly promised: PersistentVolume | undefined
  /** Best first: the smallest. */
  readonly free: readonly PersistentVolume[]
}

/** The volume promised to the claim, or else the smallest one that has all it asks for. Who waits for its first consumer gets only what is promised. */
export function bestMatch(volumes: readonly PersistentVolume[], claim: PersistentVolumeClaim, waits: boolean): PersistentVolume | undefined {
  const { promised, free } = candidates(volumes, claim, waits)
  return promised ?? free[0]
}

function candidates(volumes: readonly PersistentVolume[], claim: PersistentVolumeClaim, waits: boolean): Candidates {
  const big = volumes.filter((volume) => !isTerminating(volume) && compareQuantities(sizeOfVolume(volume), sizeOfClaim(claim)) >= 0 && modeOf(volume.spec?.volumeMode) === modeOf(claim.spec?.volumeMode))
  const promised = big.find((volume) => isPromised(volume, claim))
  if (promised || waits) return { promised, free: [] }
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
  return { promised, free: fits.toSorted(order) }
}

export interface NamedNode {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** Whether the volume can be used on the node. */
export const isReachable = ({ spec }: PersistentVolume, node: NamedNode): boolean => spec?.nodeAffinity?.required === undefined || nodeSelectorMatches(spec.nodeAffinity.required, node)

/** The volume for a node, those that are taken left out. */
export type MatchOn = (node: NamedNode, taken: ReadonlySet<string>) => PersistentVolume | undefined

/**
 * As {@link bestMatch}, for a claim whose first consumer goes to a node. What is promised to it elsewhere keeps it from all others. The volumes are looked at once,
 * not again for each node: of volumes that are each for one value of a label only those of the node's value are.
 */
export function matchOnNodes(volumes: readonly PersistentVolume[], claim: PersistentVolumeClaim): MatchOn {
  const { promised, free } = candidates(volumes, claim, false)
  if (promised) return (node, taken) => (isReachable(promised, node) && !taken.has(nameOf(promised)) ? promised : undefined)
  const shelves = shelvesOf(free)
  return (node, taken) => {
    let best: Ranked | undefined
    for (const shelf of shelves) {
      const found = shelf.of(node).find(({ volume, rank }) => (best === undefined || rank < best.rank) && isReachable(volume, node) && !taken.has(nameOf(volume)))
      best = found ?? best
    }
    return best?.volume
  }
}

interface Ranked {
  readonly volume: PersistentVolume
  readonly rank: number
}

interface Shelf {
  readonly of: (node: NamedNode) => readonly Ranked[]
}

/** By the label that a volume asks for, and its value; one shelf more for those that ask for something else, or nothing. */
function shelvesOf(volumes: readonly PersistentVolume[]): readonly Shelf[] {
  const byLabel = new Map<string, Map<string, Ranked[]>>()
  const others: Ranked[] = []
  for (const [rank, volume] of volumes.entries()) {
    const asked = askedLabel(volume)
    if (!asked) others.push({ volume, rank })
    for (const value of asked?.values ?? []) {
      const byValue = byLabel.get(asked?.key ?? '') ?? new Map<string, Ranked[]>()
      byLabel.set(asked?.key ?? '', byValue)
      const shelf = byValue.get(value) ?? []
      byValue.set(value, shelf)
      shelf.push({ volume, rank })
    }
  }
  const shelves: Shelf[] = [...byLabel].map(([key, byValue]) => ({ of: ({ labels }) => byValue.get(labels[key] ?? '') ?? [] }))
  return [...shelves, { of: () => others }]
}

/** A label that every node must have for the volume, with one of a few values. */
function askedLabel({ spec }: PersistentVolume): { readonly key: string; readonly values: ReadonlySet<string> } | undefined {
  const [term, more] = spec?.nodeAffinity?.required?.nodeSelectorTerms ?? []
  const asked = more === undefined ? term?.matchExpressions?.find(({ operator }) => operator === 'In') : undefined
  return asked && { key: asked.key, values: new Set(asked.values) }
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
