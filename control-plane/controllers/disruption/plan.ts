/** How many of a budget's pods may go now. PURE. */
import type { Condition, Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../../shared/model/gen/api.ts'
import { scaledValue } from '../../../shared/model/int-or-string.ts'
import { nameOf, uidOf, controllerOf } from '../../../shared/model/meta.ts'
import { formatTime, parseTime } from '../../../shared/model/time.ts'
import { isReady } from '../pod-control/pod-state.ts'

/** What controls pods, and how many of them it promises. */
export interface PodOwner {
  readonly uid: string
  readonly replicas: number
}

export interface BudgetView {
  readonly budget: PodDisruptionBudget
  /** Those its selector names. */
  readonly pods: readonly Pod[]
  /** Who promises a controlled pod's replicas; `undefined`: nobody that is known. */
  ownerOf(pod: Pod): PodOwner | undefined
  readonly nowMs: number
}

export interface BudgetPlan {
  readonly status: PodDisruptionBudgetStatus
  /** When evictions that were allowed and did not happen are to be looked at again. */
  readonly againInMs: number | undefined
  /** Why the budget allows nothing until somebody mends it. */
  readonly failure: string | undefined
  /** Pods that were to be evicted two minutes ago and are still there. */
  readonly overdue: readonly Pod[]
  /** Pods without a controller, which a budget that counts by promises cannot take into account. */
  readonly unmanaged: readonly string[]
}

/** An eviction that was allowed counts as gone for so long. */
export const EVICTION_MS = 120_000

export function planBudget(view: BudgetView): BudgetPlan {
  const expected = expectedOf(view)
  const { disrupted, againInMs, overdue } = disruptedPods(view)
  if (typeof expected === 'string') return { status: failed(view, expected), againInMs, failure: expected, overdue, unmanaged: [] }
  const currentHealthy = view.pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && !(nameOf(pod) in disrupted) && isReady(pod)).length
  const left = currentHealthy - expected.desired
  const disruptionsAllowed = expected.count > 0 && left > 0 ? left : 0
  const observedGeneration = view.budget.metadata.generation ?? 0
  const status = {
    ...(observedGeneration > 0 && { observedGeneration }),
    ...(Object.keys(disrupted).length > 0 && { disruptedPods: disrupted }),
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy: expected.desired,
    expectedPods: expected.count,
    conditions: withCondition(view, { status: disruptionsAllowed > 0 ? 'True' : 'False', reason: disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods', message: '', observedGeneration }),
  }
  return { status, againInMs, failure: undefined, overdue, unmanaged: expected.unmanaged }
}

interface Expected {
  readonly count: number
  readonly desired: number
  readonly unmanaged: readonly string[]
}

/** A text is why it cannot be said. */
function expectedOf({ budget, pods, ownerOf }: BudgetView): Expected | string {
  const { minAvailable, maxUnavailable } = budget.spec ?? {}
  if (maxUnavailable === undefined && typeof minAvailable === 'number') return { count: pods.length, desired: minAvailable, unmanaged: [] }
  if (maxUnavailable === undefined && minAvailable === undefined) return { count: 0, desired: 0, unmanaged: [] }
  const promised = promisedOf(pods, ownerOf)
  if (typeof promised === 'string') return promised
  const part = scaledValue(maxUnavailable ?? minAvailable ?? 0, promised.count, 'up') ?? 0
  return { ...promised, desired: maxUnavailable === undefined ? part : Math.max(0, promised.count - part) }
}

function promisedOf(pods: readonly Pod[], ownerOf: BudgetView['ownerOf']): { readonly count: number; readonly unmanaged: readonly string[] } | string {
  const replicas = new Map<string, number>()
  const unmanaged: string[] = []
  const asked = new Set<string>()
  for (const pod of pods) {
    const controller = controllerOf(pod)
    if (!controller) unmanaged.push(nameOf(pod))
    if (!controller || asked.has(controller.uid)) continue
    asked.add(controller.uid)
    const owner = ownerOf(pod)
    if (!owner) return `found no controllers for pod "${nameOf(pod)}"`
    replicas.set(owner.uid, owner.replicas)
  }
  return { count: [...replicas.values()].reduce((sum, one) => sum + one, 0), unmanaged }
}

/** Evictions that were allowed, and whose pods are still there. */
function disruptedPods({ budget, pods, nowMs }: BudgetView): { readonly disrupted: Readonly<Record<string, string>>; readonly againInMs: number | undefined; readonly overdue: readonly Pod[] } {
  const before = budget.status?.disruptedPods ?? {}
  const disrupted: Record<string, string> = {}
  const overdue: Pod[] = []
  let againInMs: number | undefined
  for (const pod of pods) {
    const since = before[nameOf(pod)]
    if (since === undefined || pod.metadata.deletionTimestamp !== undefined) continue
    const leftMs = (parseTime(since) ?? 0) + EVICTION_MS - nowMs
    if (leftMs <= 0) {
      overdue.push(pod)
      continue
    }
    disrupted[nameOf(pod)] = since
    againInMs = Math.min(againInMs ?? leftMs, leftMs)
  }
  return { disrupted, againInMs, overdue }
}

/** What cannot be counted allows nothing; all else stays as it was. */
function failed(view: BudgetView, message: string): PodDisruptionBudgetStatus {
  const { status = {} } = view.budget
  return { ...status, disruptionsAllowed: 0, conditions: withCondition(view, { status: 'False', reason: 'SyncFailed', message, ...(status.observedGeneration !== undefined && { observedGeneration: status.observedGeneration }) }) }
}

function withCondition({ budget, nowMs }: BudgetView, wanted: Omit<Condition, 'type' | 'lastTransitionTime'>): readonly Condition[] {
  const conditions = budget.status?.conditions ?? []
  const before = conditions.find(({ type }) => type === 'DisruptionAllowed')
  const lastTransitionTime = before?.status === wanted.status ? before.lastTransitionTime : formatTime(nowMs)
  const condition: Condition = { type: 'DisruptionAllowed', ...wanted, lastTransitionTime }
  return before ? conditions.map((one) => (one === before ? condition : one)) : [...conditions, condition]
}

/** A ReplicaSet that a Deployment controls stands for the whole Deployment. */
export const ownerWith = (owner: { readonly metadata: { readonly uid?: string | undefined }; readonly spec?: { readonly replicas?: number | undefined } | undefined }): PodOwner => ({ uid: uidOf({ metadata: owner.metadata }), replicas: owner.spec?.replicas ?? 1 })
