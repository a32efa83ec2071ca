/** What becomes of an object because of its owners and its dependents. PURE. */
import type { OwnerReference } from '../../../shared/model/gen/api.ts'
import { isTerminating, type KubeObject } from '../../../shared/model/meta.ts'

/** Finalizers by which a deletion waits for the garbage collector. */
export const ORPHAN = 'orphan'
export const FOREGROUND = 'foregroundDeletion'

export type OwnerState =
  /** It is there. */
  | 'present'
  /** It is there, and its deletion waits for its dependents. */
  | 'waiting'
  /** There is no such object, or another one under its name. */
  | 'absent'
  /** Nobody can tell: a kind this cluster does not know. Counts as present. */
  | 'unknown'

export interface ItemView {
  readonly item: KubeObject
  readonly owners: ReadonlyArray<{ readonly reference: OwnerReference; readonly state: OwnerState }>
  readonly dependents: readonly KubeObject[]
}

export type Policy = 'Background' | 'Foreground' | 'Orphan'

export type GarbageStep =
  | { readonly kind: 'none' }
  /** Takes the owner reference from every dependent, then the finalizer from the owner. */
  | { readonly kind: 'orphan' }
  /** Looks at all dependents: those that block have to go first. */
  | { readonly kind: 'collect-dependents' }
  /** Nothing blocks any more. */
  | { readonly kind: 'finish' }
  /** Others still own it: the references to these owners go. */
  | { readonly kind: 'drop-owners'; readonly uids: readonly string[] }
  /** Nobody owns it any more. `unblock`: its own references must not block first, or two that wait for each other would wait for ever. */
  | { readonly kind: 'delete'; readonly policy: Policy; readonly unblock: readonly string[] }

export const hasFinalizer = (object: KubeObject, finalizer: string): boolean => (object.metadata.finalizers ?? []).includes(finalizer)
export const isWaitingForDependents = (object: KubeObject): boolean => isTerminating(object) && hasFinalizer(object, FOREGROUND)

export function planItem(view: ItemView): GarbageStep {
  const { item, dependents } = view
  if (!isTerminating(item)) return planOwned(view)
  if (hasFinalizer(item, ORPHAN)) return { kind: 'orphan' }
  if (!hasFinalizer(item, FOREGROUND)) return { kind: 'none' }
  return dependents.some((dependent) => blocks(dependent, item)) ? { kind: 'collect-dependents' } : { kind: 'finish' }
}

const blocks = (dependent: KubeObject, owner: KubeObject): boolean => (dependent.metadata.ownerReferences ?? []).some(({ uid, blockOwnerDeletion }) => uid === owner.metadata.uid && blockOwnerDeletion === true)

function planOwned({ item, owners, dependents }: ItemView): GarbageStep {
  const going = owners.filter(({ state }) => state === 'absent' || state === 'waiting')
  if (owners.length === 0 || going.length === 0) return { kind: 'none' }
  if (going.length < owners.length) return { kind: 'drop-owners', uids: going.map(({ reference }) => reference.uid) }
  const isAwaited = owners.some(({ state }) => state === 'waiting')
  if (isAwaited && dependents.length > 0) {
    const unblock = dependents.some(isWaitingForDependents) ? owners.filter(({ reference }) => reference.blockOwnerDeletion).map(({ reference }) => reference.uid) : []
    return { kind: 'delete', policy: 'Foreground', unblock }
  }
  return { kind: 'delete', policy: hasFinalizer(item, ORPHAN) ? 'Orphan' : hasFinalizer(item, FOREGROUND) ? 'Foreground' : 'Background', unblock: [] }
}
