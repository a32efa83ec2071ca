/** Conditions of a Deployment, in Kubernetes' words. PURE. */
import type { DeploymentCondition } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'

export type Conditions = readonly DeploymentCondition[]

export interface Verdict {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

export const PROGRESSING = 'Progressing'
export const AVAILABLE = 'Available'
export const REPLICA_FAILURE = 'ReplicaFailure'

export const NEW_SET_AVAILABLE = 'NewReplicaSetAvailable'
export const DEADLINE_EXCEEDED = 'ProgressDeadlineExceeded'
const PAUSED = 'DeploymentPaused'

export const findCondition = (conditions: Conditions, type: string): DeploymentCondition | undefined => conditions.find((condition) => condition.type === type)
export const without = (conditions: Conditions, type: string): Conditions => conditions.filter((condition) => condition.type !== type)

/** Nothing changes if status and reason are the same; otherwise the condition moves to the end, and keeps its transition time if its status does. */
export function withCondition(conditions: Conditions, type: string, { verdict, nowMs }: { readonly verdict: Verdict; readonly nowMs: number }): Conditions {
  const known = findCondition(conditions, type)
  if (known?.status === verdict.status && known.reason === verdict.reason) return conditions
  const now = formatTime(nowMs)
  const lastTransitionTime = known?.status === verdict.status ? (known.lastTransitionTime ?? now) : now
  return [...without(conditions, type), { type, ...verdict, lastUpdateTime: now, lastTransitionTime }]
}

export const minimumAvailable: Verdict = { status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
export const minimumUnavailable: Verdict = { status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' }
const paused: Verdict = { status: 'Unknown', reason: PAUSED, message: 'Deployment is paused' }
const resumed: Verdict = { status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' }

export const setCreated = (name: string): Verdict => ({ status: 'True', reason: 'NewReplicaSetCreated', message: `Created new replica set "${name}"` })
export const setFound = (name: string): Verdict => ({ status: 'True', reason: 'FoundNewReplicaSet', message: `Found new replica set "${name}"` })

/** @param subject `ReplicaSet "x"` or `Deployment "x"`. */
export const completed = (subject: string): Verdict => ({ status: 'True', reason: NEW_SET_AVAILABLE, message: `${subject} has successfully progressed.` })
export const progressing = (subject: string): Verdict => ({ status: 'True', reason: 'ReplicaSetUpdated', message: `${subject} is progressing.` })
export const timedOut = (subject: string): Verdict => ({ status: 'False', reason: DEADLINE_EXCEEDED, message: `${subject} has timed out progressing.` })
export const createFailed = (message: string): Verdict => ({ status: 'False', reason: 'ReplicaSetCreateError', message })

/** Pausing stops the clock of the progress deadline and resuming starts it again; a rollout that has timed out stays so. */
export function withPause(conditions: Conditions, isPaused: boolean, nowMs: number): Conditions {
  const known = findCondition(conditions, PROGRESSING)
  if (known?.reason === DEADLINE_EXCEEDED) return conditions
  const wasPaused = known?.reason === PAUSED
  if (isPaused === wasPaused) return conditions
  return withCondition(conditions, PROGRESSING, { verdict: isPaused ? paused : resumed, nowMs })
}
