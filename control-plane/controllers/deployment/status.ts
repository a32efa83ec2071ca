/** The status of a Deployment from those of its replica sets. PURE. */
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../../shared/model/gen/api.ts'
import { formatTime, parseTime } from '../../../shared/model/time.ts'
import {
  AVAILABLE,
  completed,
  DEADLINE_EXCEEDED,
  findCondition,
  minimumAvailable,
  minimumUnavailable,
  NEW_SET_AVAILABLE,
  PROGRESSING,
  progressing,
  REPLICA_FAILURE,
  timedOut,
  withCondition,
  without,
  type Conditions,
} from './conditions.ts'
import type { Generations } from './revisions.ts'
import { minAvailableOf, wantedOf } from './strategy.ts'

export interface StatusView {
  readonly deployment: Deployment
  readonly generations: Generations
  /** So far in this plan. */
  readonly conditions: Conditions
  readonly nowMs: number
}

type Counts = Omit<DeploymentStatus, 'conditions'>
type Count = 'replicas' | 'readyReplicas' | 'availableReplicas'

/** Counts and the condition Available; what a change of scale or a pause shows. */
export function plainStatus(view: StatusView): DeploymentStatus {
  const counts = countsOf(view)
  return withConditions(counts, withAvailability(view, counts))
}

/** The same, with the judgement whether the rollout gets on. */
export function rolloutStatus(view: StatusView): DeploymentStatus {
  const counts = countsOf(view)
  const judged = withProgress(view, counts, withAvailability(view, counts))
  const failure = failureOf(view.generations)
  return withConditions(counts, failure ? withCondition(judged, REPLICA_FAILURE, { verdict: failure, nowMs: view.nowMs }) : without(judged, REPLICA_FAILURE))
}

/** Everything is updated, available, and nothing old is left. */
export function isComplete(deployment: Deployment, counts: Counts): boolean {
  const wanted = wantedOf(deployment)
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, observedGeneration = 0 } = counts
  return updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted && observedGeneration >= (deployment.metadata.generation ?? 0)
}

/** When the rollout, if nothing happens, is past its deadline. */
export function deadlineMs(deployment: Deployment, status: DeploymentStatus): number | undefined {
  const seconds = progressDeadlineOf(deployment)
  const condition = findCondition(status.conditions ?? [], PROGRESSING)
  if (seconds === undefined || !condition || isComplete(deployment, status) || condition.reason === DEADLINE_EXCEEDED) return undefined
  const updatedMs = parseTime(condition.lastUpdateTime)
  return updatedMs === undefined ? undefined : updatedMs + seconds * 1000
}

export function progressDeadlineOf(deployment: Deployment): number | undefined {
  const seconds = deployment.spec?.progressDeadlineSeconds
  return seconds === 2_147_483_647 ? undefined : seconds
}

function countsOf({ deployment, generations }: StatusView): Counts {
  const all = [...(generations.current ? [generations.current] : []), ...generations.old].map(({ set }) => set)
  const total = sum(all, 'replicas')
  const available = sum(all, 'availableReplicas')
  const terminating = all.every((set) => set.status?.terminatingReplicas !== undefined) ? all.reduce((count, set) => count + (set.status?.terminatingReplicas ?? 0), 0) : undefined
  return {
    ...unlessZero('observedGeneration', deployment.metadata.generation ?? 0),
    ...unlessZero('replicas', total),
    ...unlessZero('updatedReplicas', generations.current ? sum([generations.current.set], 'replicas') : 0),
    ...unlessZero('readyReplicas', sum(all, 'readyReplicas')),
    ...unlessZero('availableReplicas', available),
    ...unlessZero('unavailableReplicas', Math.max(0, total - available)),
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    ...(deployment.status?.collisionCount === undefined ? {} : { collisionCount: deployment.status.collisionCount }),
  }
}

const sum = (sets: readonly ReplicaSet[], count: Count): number => sets.reduce((total, set) => total + (set.status?.[count] ?? 0), 0)
const unlessZero = (name: keyof Counts, value: number): Counts => (value === 0 ? {} : { [name]: value })
const withConditions = (counts: Counts, conditions: Conditions): DeploymentStatus => (conditions.length > 0 ? { ...counts, conditions } : counts)

function withAvailability({ deployment, conditions, nowMs }: StatusView, counts: Counts): Conditions {
  const isAvailable = (counts.availableReplicas ?? 0) >= minAvailableOf(deployment)
  return withCondition(conditions, AVAILABLE, { verdict: isAvailable ? minimumAvailable : minimumUnavailable, nowMs })
}

/** A rollout that was complete stays so until the template changes, however its pods fare. */
function withProgress({ deployment, generations, nowMs }: StatusView, counts: Counts, conditions: Conditions): Conditions {
  const seconds = progressDeadlineOf(deployment)
  if (seconds === undefined) return without(conditions, PROGRESSING)
  const known = findCondition(conditions, PROGRESSING)
  const subject = generations.current ? `ReplicaSet "${generations.current.set.metadata.name}"` : `Deployment "${deployment.metadata.name}"`
  if ((counts.replicas ?? 0) === (counts.updatedReplicas ?? 0) && known?.reason === NEW_SET_AVAILABLE) return isComplete(deployment, counts) ? completedBy(conditions, subject, nowMs) : conditions
  if (isComplete(deployment, counts)) return withCondition(conditions, PROGRESSING, { verdict: completed(subject), nowMs })
  if (hasProgressed(deployment, counts)) return stillProgressing(conditions, subject, nowMs)
  if (hasTimedOut(conditions, seconds, nowMs)) return withCondition(conditions, PROGRESSING, { verdict: timedOut(subject), nowMs })
  return conditions
}

/** A control plane that was killed on the way may never have told of the rollout between: then the set of the one before is still named. */
function completedBy(conditions: Conditions, subject: string, nowMs: number): Conditions {
  const { message } = completed(subject)
  return conditions.map((condition) => (condition.type === PROGRESSING && condition.message !== message ? { ...condition, message, lastUpdateTime: formatTime(nowMs) } : condition))
}

/** Each step forward starts the deadline anew, though the condition has been True all along. */
function stillProgressing(conditions: Conditions, subject: string, nowMs: number): Conditions {
  const known = findCondition(conditions, PROGRESSING)
  const fresh = withCondition(without(conditions, PROGRESSING), PROGRESSING, { verdict: progressing(subject), nowMs })
  if (known?.status !== 'True') return fresh
  return fresh.map((condition) => (condition.type === PROGRESSING ? { ...condition, lastTransitionTime: known.lastTransitionTime } : condition))
}

function hasProgressed(deployment: Deployment, counts: Counts): boolean {
  const before = deployment.status ?? {}
  const oldPods = (of: Counts): number => (of.replicas ?? 0) - (of.updatedReplicas ?? 0)
  const more = (name: 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'): boolean => (counts[name] ?? 0) > (before[name] ?? 0)
  return more('updatedReplicas') || oldPods(counts) < oldPods(before) || more('readyReplicas') || more('availableReplicas')
}

function hasTimedOut(conditions: Conditions, seconds: number, nowMs: number): boolean {
  const condition = findCondition(conditions, PROGRESSING)
  if (!condition || condition.reason === NEW_SET_AVAILABLE) return false
  return condition.reason === DEADLINE_EXCEEDED || (parseTime(condition.lastUpdateTime) ?? nowMs) + seconds * 1000 < nowMs
}

/** A replica set that cannot make its pods: the current one's words before those of the others. */
function failureOf({ current, old }: Generations): { readonly status: 'True' | 'False' | 'Unknown'; readonly reason: string; readonly message: string } | undefined {
  for (const { set } of current ? [current, ...old] : old) {
    const failure = set.status?.conditions?.find(({ type }) => type === REPLICA_FAILURE)
    if (failure) return { status: failure.status as 'True', reason: failure.reason ?? '', message: failure.message ?? '' }
  }
  return undefined
}

