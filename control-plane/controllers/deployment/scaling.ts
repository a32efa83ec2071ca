/** How many pods each replica set of a deployment shall have. PURE; the functions change the drafts and say whether they did. */
import type { Deployment } from '../../../shared/model/gen/api.ts'
import { isActiveSet, largestNewest, largestOldest, oldestFirst, totalReplicas, type Draft } from './draft.ts'
import { DESIRED_REPLICAS, MAX_REPLICAS, noteScale, revisionOf, sizeOfCurrent, type Generations } from './revisions.ts'
import { availableOf, isRolling, maxTotalOf, minAvailableOf, wantedOf } from './strategy.ts'

const allOf = ({ current, old }: Generations): readonly Draft[] => (current ? [current, ...old] : old)

function scaleTo(deployment: Deployment, draft: Draft, replicas: number): boolean {
  const isChanged = draft.replicas !== replicas
  draft.replicas = replicas
  if (isChanged) noteScale(deployment, draft)
  return isChanged
}

/** Somebody changed `spec.replicas` since the replica sets were sized. */
export function isScalingEvent(deployment: Deployment, generations: Generations): boolean {
  return allOf(generations).some((draft) => isActiveSet(draft) && draft.annotations[DESIRED_REPLICAS] !== undefined && draft.annotations[DESIRED_REPLICAS] !== String(wantedOf(deployment)))
}

/** After a change of scale, or while paused: the only replica set takes all; several share in proportion to their sizes. */
export function rescale(deployment: Deployment, generations: Generations): void {
  const only = onlyOne(generations)
  if (only) {
    scaleTo(deployment, only, wantedOf(deployment))
    noteScale(deployment, only)
  } else if (isSaturated(deployment, generations.current)) {
    for (const draft of generations.old.filter(isActiveSet)) scaleTo(deployment, draft, 0)
  } else if (isRolling(deployment)) rescaleInProportion(deployment, allOf(generations).filter(isActiveSet))
}

/** The one active replica set; with none active the current, or else the newest old one. */
function onlyOne({ current, old }: Generations): Draft | undefined {
  const active = allOf({ current, old }).filter(isActiveSet)
  if (active.length > 1) return undefined
  return active[0] ?? current ?? old.toSorted((a, b) => revisionOf(b) - revisionOf(a) || oldestFirst(b, a))[0]
}

function isSaturated(deployment: Deployment, current: Draft | undefined): boolean {
  const wanted = wantedOf(deployment)
  return current !== undefined && current.replicas === wanted && current.annotations[DESIRED_REPLICAS] === String(wanted) && availableOf(current.set) === wanted
}

function rescaleInProportion(deployment: Deployment, active: readonly Draft[]): void {
  const allowed = wantedOf(deployment) > 0 ? maxTotalOf(deployment) : 0
  const toAdd = allowed - totalReplicas(active)
  const order = active.toSorted(toAdd > 0 ? largestNewest : largestOldest)
  let added = 0
  const sizes = order.map((draft) => {
    const share = toAdd === 0 ? 0 : proportionOf(deployment, draft, { toAdd, added })
    added += share
    return draft.replicas + share
  })
  order.forEach((draft, index) => {
    const leftover = index === 0 && toAdd !== 0 ? toAdd - added : 0
    draft.replicas = Math.max(0, (sizes[index] ?? draft.replicas) + leftover)
    noteScale(deployment, draft)
  })
}

/** What the set would gain or lose had it been scaled along with the deployment, within what is left to give. */
function proportionOf(deployment: Deployment, draft: Draft, { toAdd, added }: { readonly toAdd: number; readonly added: number }): number {
  if (draft.replicas === 0 || toAdd === added) return 0
  const share = wantedOf(deployment) === 0 ? -draft.replicas : grownSize(deployment, draft) - draft.replicas
  return toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added)
}

function grownSize(deployment: Deployment, draft: Draft): number {
  const before = Number(draft.annotations[MAX_REPLICAS]) || (deployment.status?.replicas ?? 0)
  return before === 0 ? draft.replicas : Math.round((draft.replicas * maxTotalOf(deployment)) / before)
}

/** Grows (or shrinks) the current replica set as the strategy allows. */
export function resizeCurrent(deployment: Deployment, { current, old }: Generations): boolean {
  if (!current || current.replicas === wantedOf(deployment)) return false
  if (current.replicas > wantedOf(deployment)) return scaleTo(deployment, current, wantedOf(deployment))
  return scaleTo(deployment, current, sizeOfCurrent(deployment, current, [current, ...old]))
}

/** Shrinks old replica sets, first by their unavailable pods, then by what the minimum of available pods allows. */
export function shrinkOld(deployment: Deployment, { current, old }: Generations): boolean {
  if (!current || totalReplicas(old) === 0) return false
  const currentUnavailable = current.replicas - availableOf(current.set)
  const most = totalReplicas([current, ...old]) - minAvailableOf(deployment) - currentUnavailable
  if (most <= 0) return false
  const cleaned = shrinkEach(deployment, old, { most, by: (draft) => draft.replicas - availableOf(draft.set) })
  const spare = [current, ...old].reduce((sum, draft) => sum + surelyAvailable(draft), 0) - minAvailableOf(deployment)
  return shrinkEach(deployment, old, { most: Math.min(spare, most - cleaned), by: (draft) => draft.replicas }) + cleaned > 0
}

/** A set that was just made smaller still reports the pods that are about to go: they do not count. */
const surelyAvailable = (draft: Draft): number => Math.min(availableOf(draft.set), draft.replicas)

function shrinkEach(deployment: Deployment, old: readonly Draft[], limit: { readonly most: number; readonly by: (draft: Draft) => number }): number {
  let shrunk = 0
  for (const draft of old.toSorted(oldestFirst)) {
    const count = Math.min(limit.most - shrunk, limit.by(draft))
    if (draft.replicas === 0 || count <= 0) continue
    scaleTo(deployment, draft, Math.max(0, draft.replicas - count))
    shrunk += count
  }
  return shrunk
}

/** Recreate: every old replica set to 0 at once. */
export function emptyOld(deployment: Deployment, old: readonly Draft[]): boolean {
  let isChanged = false
  for (const draft of old.filter(isActiveSet)) isChanged = scaleTo(deployment, draft, 0) || isChanged
  return isChanged
}
