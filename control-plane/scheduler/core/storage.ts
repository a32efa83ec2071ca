/** What a pod's claims ask of a node. PURE. */
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../../../shared/model/gen/api.ts'
import { isTerminating, nameOf, namespaceOf, objectKey } from '../../../shared/model/meta.ts'
import { compareQuantities } from '../../../shared/model/quantity.ts'
import { claimNameOf, isFullyBound, notMadeFor, SELECTED_NODE } from '../../../shared/model/volume-claims.ts'
import { classOfClaim, isReachable, matchOnNodes, sizeOfClaim, type MatchOn, type NamedNode } from '../../../shared/model/volume-matching.ts'

/** Claims and volumes as they are, or will be by what was decided already. */
export interface StorageView {
  /** By `namespace/name`. */
  claim(key: string): PersistentVolumeClaim | undefined
  volume(name: string): PersistentVolume | undefined
  volumesOf(className: string): readonly PersistentVolume[]
  storageClass(name: string): StorageClass | undefined
}

export const NO_STORAGE: StorageView = { claim: () => undefined, volume: () => undefined, volumesOf: () => [], storageClass: () => undefined }

export type PodClaims =
  /** No node need be asked, in Kubernetes' words. */
  | { readonly kind: 'rejected'; readonly reason: string }
  | { readonly kind: 'claims'; readonly bound: readonly PersistentVolumeClaim[]; /** They wait for their first consumer. */ readonly unbound: readonly PersistentVolumeClaim[] }

/** Undefined: the pod has none. */
export function podClaims(pod: Pod, storage: StorageView): PodClaims | undefined {
  const bound: PersistentVolumeClaim[] = []
  const unbound: PersistentVolumeClaim[] = []
  let isImmediate = false
  let any = false
  for (const volume of pod.spec?.volumes ?? []) {
    const name = claimNameOf(pod, volume)
    if (name === undefined) continue
    any = true
    const claim = storage.claim(objectKey(namespaceOf(pod), name))
    if (!claim) return { kind: 'rejected', reason: volume.ephemeral ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"` : `persistentvolumeclaim "${name}" not found` }
    if (claim.status?.phase === 'Lost') return { kind: 'rejected', reason: `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"` }
    if (isTerminating(claim)) return { kind: 'rejected', reason: `persistentvolumeclaim "${name}" is being deleted` }
    const foreign = volume.ephemeral && notMadeFor(pod, claim)
    if (foreign) return { kind: 'rejected', reason: foreign }
    if (isFullyBound(claim)) bound.push(claim)
    else if (waitsForConsumer(claim, storage)) unbound.push(claim)
    else isImmediate = true
  }
  if (isImmediate) return { kind: 'rejected', reason: 'pod has unbound immediate PersistentVolumeClaims' }
  return any ? { kind: 'claims', bound, unbound: unbound.toSorted((a, b) => compareQuantities(sizeOfClaim(a), sizeOfClaim(b))) } : undefined
}

const waitsForConsumer = (claim: PersistentVolumeClaim, storage: StorageView): boolean => !claim.spec?.volumeName && storage.storageClass(classOfClaim(claim))?.volumeBindingMode === 'WaitForFirstConsumer'

/** What is to be done for the claims of a pod that goes to a node, before it is bound. */
export interface VolumeChoice {
  readonly bind: ReadonlyArray<{ readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }>
  /** A provisioner is to make a volume for the node. */
  readonly provision: readonly PersistentVolumeClaim[]
}

export type Choice = { readonly kind: 'chosen'; readonly choice: VolumeChoice } | { readonly kind: 'refused'; readonly reasons: readonly string[] }

const WRONG_NODE = "node(s) didn't match PersistentVolume's node affinity"
const NO_VOLUME = "node(s) didn't find available persistent volumes to bind"
const GONE = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'

/** Whether all volumes can be had on the node: bound ones are there, and for each claim that waits one fits, or can be made. */
export const chooseVolumes = (claims: Extract<PodClaims, { kind: 'claims' }>, node: NamedNode, storage: StorageView): Choice => volumeChooser(claims, storage)(node)

/** {@link chooseVolumes} for one node after another: what is the same on each is looked up once. */
export function volumeChooser({ bound, unbound }: Extract<PodClaims, { kind: 'claims' }>, storage: StorageView): (node: NamedNode) => Choice {
  const waiting = unbound.map((claim) => ({ claim, match: matchOnNodes(storage.volumesOf(classOfClaim(claim)), claim) }))
  return (node) => {
    const wrong = wrongBound(bound, node, storage)
    const choice = chooseUnbound(waiting, node, storage)
    const reasons = [...(wrong === WRONG_NODE ? [WRONG_NODE] : []), ...(choice === undefined ? [NO_VOLUME] : []), ...(wrong === GONE ? [GONE] : [])]
    return choice === undefined || reasons.length > 0 ? { kind: 'refused', reasons } : { kind: 'chosen', choice }
  }
}

function wrongBound(claims: readonly PersistentVolumeClaim[], node: NamedNode, storage: StorageView): string | undefined {
  for (const claim of claims) {
    const volume = storage.volume(claim.spec?.volumeName ?? '')
    if (!volume) return GONE
    if (!isReachable(volume, node)) return WRONG_NODE
  }
  return undefined
}

interface Waiting {
  readonly claim: PersistentVolumeClaim
  readonly match: MatchOn
}

function chooseUnbound(waiting: readonly Waiting[], node: NamedNode, storage: StorageView): VolumeChoice | undefined {
  const bind: Array<VolumeChoice['bind'][number]> = []
  const provision: PersistentVolumeClaim[] = []
  const taken = new Set<string>()
  for (const { claim, match } of waiting) {
    const selected = claim.metadata.annotations?.[SELECTED_NODE]
    if (selected !== undefined && selected !== node.name) return undefined
    const volume = selected === undefined ? match(node, taken) : undefined
    if (volume) {
      taken.add(nameOf(volume))
      bind.push({ claim, volume })
    } else if (canProvision(claim, node, storage)) provision.push(claim)
    else return undefined
  }
  return { bind, provision }
}

function canProvision(claim: PersistentVolumeClaim, node: NamedNode, storage: StorageView): boolean {
  const found = storage.storageClass(classOfClaim(claim))
  if (!found?.provisioner || found.provisioner === 'kubernetes.io/no-provisioner') return false
  const terms = found.allowedTopologies ?? []
  return terms.length === 0 || terms.some(({ matchLabelExpressions = [] }) => matchLabelExpressions.every(({ key, values }) => node.labels[key] !== undefined && values.includes(node.labels[key])))
}
