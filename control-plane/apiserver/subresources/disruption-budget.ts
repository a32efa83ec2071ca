/** What budgets say to the eviction of a pod, and what an eviction writes into the one that allows it. PURE. */
import type { Pod, PodDisruptionBudget } from '../../../shared/model/gen/api.ts'
import { matchesSelector } from '../../../shared/model/label-selector.ts'
import { formatTime } from '../../../shared/model/time.ts'

/** More evictions than this that the controller has not seen yet mean that it does not work. */
const DISRUPTED_MAX = 2000

/** The budgets that count the pod: an empty selector counts every pod, also one without labels. */
export const budgetsOf = (pod: Pod, budgets: readonly PodDisruptionBudget[]): readonly PodDisruptionBudget[] => budgets.filter(({ spec }) => matchesSelector(spec?.selector, pod.metadata.labels))

/** A pod that does not run yet, or no longer, disrupts nobody by going. */
export function isBeyondBudgets({ metadata, status }: Pod): boolean {
  return ['Succeeded', 'Failed', 'Pending'].includes(status?.phase ?? '') || metadata.deletionTimestamp !== undefined
}

/** A pod that is not ready may go when its budget says so, or when enough others are. */
export function mayGoUnready({ status }: Pod, budget: PodDisruptionBudget): boolean {
  if (status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True')) return false
  if (budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {}
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy
}

export type Verdict =
  | { readonly kind: 'allowed'; readonly budget: PodDisruptionBudget }
  /** The budget stands in the way; `retryAfterSeconds` when that may be over soon. */
  | { readonly kind: 'refused'; readonly cause: string; readonly retryAfterSeconds?: number }
  /** The budget is in no state to decide by. */
  | { readonly kind: 'broken'; readonly detail: string }

export const stillProcessed = (name: string): Extract<Verdict, { readonly kind: 'refused' }> => ({ kind: 'refused', cause: `The disruption budget ${name} is still being processed by the server.`, retryAfterSeconds: 10 })

/** Takes one disruption of what the budget has left: the pod is written down, so that the controller does not count it any more. */
export function takeDisruption(budget: PodDisruptionBudget, podName: string, nowMs: number): Verdict {
  const { metadata, status = {} } = budget
  const { disruptionsAllowed: allowed = 0, disruptedPods = {}, observedGeneration = 0 } = status
  const name = metadata.name ?? ''
  if (observedGeneration < (metadata.generation ?? 0)) return stillProcessed(name)
  if (allowed < 0) return { kind: 'broken', detail: 'pdb disruptions allowed is negative' }
  if (Object.keys(disruptedPods).length > DISRUPTED_MAX) return { kind: 'broken', detail: 'DisruptedPods map too big - too many evictions not confirmed by PDB controller' }
  if (allowed === 0) return { kind: 'refused', cause: refusal(budget, name) }
  const left = { ...status, disruptionsAllowed: allowed - 1, disruptedPods: { ...disruptedPods, [podName]: formatTime(nowMs) } }
  return { kind: 'allowed', budget: { ...budget, status: allowed > 1 ? left : { ...left, conditions: usedUp(left, nowMs) } } }
}

function refusal({ status }: PodDisruptionBudget, name: string): string {
  const condition = status?.conditions?.find(({ type }) => type === 'DisruptionAllowed')
  if (condition?.status === 'False' && condition.reason === 'SyncFailed') return `The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${condition.message ?? ''}`
  return `The disruption budget ${name} needs ${status?.desiredHealthy ?? 0} healthy pods and has ${status?.currentHealthy ?? 0} currently`
}

type Status = NonNullable<PodDisruptionBudget['status']>

function usedUp({ conditions = [], observedGeneration = 0 }: Status, nowMs: number): Status['conditions'] {
  const next = { type: 'DisruptionAllowed', status: 'False', observedGeneration, lastTransitionTime: formatTime(nowMs), reason: 'InsufficientPods', message: '' }
  return conditions.some(({ type }) => type === next.type) ? conditions.map((one) => (one.type === next.type ? next : one)) : [...conditions, next]
}
