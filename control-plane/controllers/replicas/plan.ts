/** What a ReplicaSet lacks or has too much of, and its status. PURE. */
import type { Pod, ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '../../../shared/model/gen/api.ts'
import { matchesLabels } from '../../../shared/model/label-selector.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { availabilityOf, isActive, isReady, isStopping } from '../pod-control/pod-state.ts'
import { byDispensability, rankByNode } from '../pod-control/victims.ts'

export interface ReplicaSetView {
  readonly replicaSet: ReplicaSet
  /** Every pod it controls, finished and terminating ones too. */
  readonly pods: readonly Pod[]
  /** The active pods of all replica sets that have the same owner, its own among them. */
  readonly related: readonly Pod[]
  readonly nowMs: number
}

export interface ReplicasPlan {
  readonly create: number
  /** The most dispensable first. */
  readonly remove: readonly Pod[]
}

/** Pods made or removed in one go at most. */
export const BURST = 500

export function planReplicas({ replicaSet, pods, related, nowMs }: ReplicaSetView): ReplicasPlan {
  if (replicaSet.metadata.deletionTimestamp !== undefined) return { create: 0, remove: [] }
  const active = pods.filter(isActive)
  const surplus = active.length - wantedReplicas(replicaSet)
  if (surplus <= 0) return { create: Math.min(-surplus, BURST), remove: [] }
  const order = rankByNode(active, related).toSorted(byDispensability(nowMs))
  return { create: 0, remove: order.slice(0, Math.min(surplus, BURST)).map(({ pod }) => pod) }
}

export const wantedReplicas = (replicaSet: ReplicaSet): number => replicaSet.spec?.replicas ?? 1

/** Why pods could not be made or removed. */
export interface ReplicaFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete'
  readonly message: string
}

/** @param failure of the pass that has just ended; without one the condition goes away. */
export function statusOf({ replicaSet, pods, nowMs }: ReplicaSetView, failure?: ReplicaFailure): ReplicaSetStatus {
  const active = pods.filter(isActive)
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0
  const templateLabels = replicaSet.spec?.template?.metadata?.labels
  const conditions = conditionsOf(replicaSet, failure, nowMs)
  return {
    replicas: active.length,
    ...count('fullyLabeledReplicas', active.filter((pod) => matchesLabels(templateLabels, pod.metadata.labels)).length),
    ...count('readyReplicas', active.filter(isReady).length),
    ...count('availableReplicas', active.filter((pod) => availabilityOf(pod, minReadySeconds, nowMs).kind === 'available').length),
    terminatingReplicas: pods.filter(isStopping).length,
    ...count('observedGeneration', replicaSet.metadata.generation ?? 0),
    ...(conditions.length > 0 ? { conditions } : {}),
  }
}

/** Counts of 0 are left out, as Kubernetes does. */
const count = (name: keyof ReplicaSetStatus, value: number): Partial<ReplicaSetStatus> => (value === 0 ? {} : { [name]: value })

/** Kubernetes keeps the first failure as it is until a pass succeeds. */
function conditionsOf(replicaSet: ReplicaSet, failure: ReplicaFailure | undefined, nowMs: number): readonly ReplicaSetCondition[] {
  const conditions = replicaSet.status?.conditions ?? []
  const known = conditions.some(({ type }) => type === 'ReplicaFailure')
  if (!failure) return known ? conditions.filter(({ type }) => type !== 'ReplicaFailure') : conditions
  if (known) return conditions
  return [...conditions, { type: 'ReplicaFailure', status: 'True', ...failure, lastTransitionTime: formatTime(nowMs) }]
}

/** When the next pod becomes available by time alone. */
export function nextAvailabilityMs({ replicaSet, pods, nowMs }: ReplicaSetView): number | undefined {
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0
  const waits = pods.filter(isActive).flatMap((pod) => {
    const availability = availabilityOf(pod, minReadySeconds, nowMs)
    return availability.kind === 'in' ? [availability.ms] : []
  })
  return waits.length === 0 ? undefined : Math.min(...waits)
}

/** How many of `wanted` pods to make side by side next: many at once while all goes well, few again after a failure (a quota, say). */
export const FIRST_BATCH = 64
export const firstBatch = (replicaSet: ReplicaSet): number => (replicaSet.status?.conditions?.some(({ type }) => type === 'ReplicaFailure') ? 1 : FIRST_BATCH)
