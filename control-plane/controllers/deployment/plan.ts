/** What a Deployment does next with its replica sets. PURE; it is planned again after each step, so a plan looks one step ahead. */
import type { Deployment, DeploymentStatus, Pod, ReplicaSet } from '../../../shared/model/gen/api.ts'
import { mergeDiff } from '../../../shared/model/merge-diff.ts'
import { isTerminating, uidOf } from '../../../shared/model/meta.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { isFinished } from '../pod-control/pod-state.ts'
import { findCondition, PROGRESSING, setCreated, setFound, withCondition, withPause, type Conditions } from './conditions.ts'
import type { Draft } from './draft.ts'
import { beyondHistory, findGenerations, newGeneration, nextRevision, refresh, REVISION, type Generations } from './revisions.ts'
import { rollbackTo, wantedRevision, type Rollback } from './rollback.ts'
import { emptyOld, isScalingEvent, rescale, resizeCurrent, shrinkOld } from './scaling.ts'
import { deadlineMs, isComplete, plainStatus, progressDeadlineOf, rolloutStatus } from './status.ts'
import { isRolling, replicasOf } from './strategy.ts'

export interface DeploymentView {
  readonly deployment: Deployment
  /** Those it controls. */
  readonly replicaSets: readonly ReplicaSet[]
  /** The pods of those replica sets, by the set's uid; only Recreate looks at them. */
  readonly podsBySet: ReadonlyMap<string, readonly Pod[]>
  readonly nowMs: number
}

export type Step =
  | { readonly kind: 'create'; readonly replicaSet: ReplicaSet }
  /** A merge patch of metadata and spec. */
  | { readonly kind: 'change'; readonly replicaSet: ReplicaSet; readonly patch: JsonObject; readonly message?: string | undefined }
  | { readonly kind: 'delete'; readonly replicaSet: ReplicaSet }

export interface DeploymentPlan {
  readonly steps: readonly Step[]
  readonly status: DeploymentStatus
  /** Of the template that is current; goes into an annotation. */
  readonly revision: string | undefined
  /** Stands where nothing else is to be done first. */
  readonly rollback?: Rollback
  /** When to look again though nothing happens. */
  readonly againAfterMs: number | undefined
}

export function planDeployment(view: DeploymentView): DeploymentPlan {
  const { deployment, nowMs } = view
  const found = findGenerations(deployment, view.replicaSets)
  const known = deployment.status?.conditions ?? []
  if (isTerminating(deployment)) return finish(view, { generations: found, conditions: known, isRollout: false })
  const isPaused = deployment.spec?.paused === true
  const conditions = progressDeadlineOf(deployment) === undefined ? known : withPause(known, isPaused, nowMs)
  const wanted = isPaused ? undefined : wantedRevision(deployment)
  if (wanted !== undefined) return rollBack(view, found, { conditions, wanted })
  if (isPaused || isScalingEvent(deployment, found)) return scaleOnly(view, found, conditions)
  return isRolling(deployment) ? rollOut(view, found, conditions) : recreate(view, found, conditions)
}

interface Course {
  readonly generations: Generations
  readonly conditions: Conditions
  /** Whether progress is judged. */
  readonly isRollout: boolean
}

/** Paused, or somebody changed the scale: sizes are put right first and nothing is rolled. */
function scaleOnly(view: DeploymentView, generations: Generations, conditions: Conditions): DeploymentPlan {
  const { deployment } = view
  bringUpToDate(deployment, generations)
  rescale(deployment, generations)
  if (deployment.spec?.paused) cleanUp(deployment, generations)
  return finish(view, { generations, conditions: withFound(view, generations, conditions), isRollout: false })
}

function rollOut(view: DeploymentView, found: Generations, conditions: Conditions): DeploymentPlan {
  const { deployment } = view
  const { generations, conditions: seen } = ensureCurrent(view, found, conditions)
  const isMoving = resizeCurrent(deployment, generations) || shrinkOld(deployment, generations)
  if (!isMoving && isComplete(deployment, deployment.status ?? {})) cleanUp(deployment, generations)
  return finish(view, { generations, conditions: seen, isRollout: true })
}

/** The present template has its replica set, and a revision, before it is left: one can go back to it, too. */
function rollBack(view: DeploymentView, found: Generations, { conditions, wanted }: { readonly conditions: Conditions; readonly wanted: bigint }): DeploymentPlan {
  const { generations, conditions: seen } = ensureCurrent(view, found, conditions)
  const plan = finish(view, { generations, conditions: seen, isRollout: false })
  return plan.steps.length > 0 ? plan : { ...plan, rollback: rollbackTo(view.deployment, generations, wanted) }
}

/** Nothing new is started while a pod of before may still run. */
function recreate(view: DeploymentView, found: Generations, conditions: Conditions): DeploymentPlan {
  const { deployment } = view
  bringUpToDate(deployment, found)
  const isMoving = emptyOld(deployment, found.old)
  if (isMoving || hasOldPods(view, found)) return finish(view, { generations: found, conditions: withFound(view, found, conditions), isRollout: true })
  const { generations, conditions: seen } = ensureCurrent(view, found, conditions)
  resizeCurrent(deployment, generations)
  if (isComplete(deployment, deployment.status ?? {})) cleanUp(deployment, generations)
  return finish(view, { generations, conditions: seen, isRollout: true })
}

function hasOldPods({ podsBySet }: DeploymentView, { current, old }: Generations): boolean {
  if (old.some(({ set }) => (set.status?.replicas ?? 0) > 0)) return true
  for (const [uid, pods] of podsBySet) if (uid !== (current && uidOf(current.set)) && pods.some((pod) => !isFinished(pod))) return true
  return false
}

function bringUpToDate(deployment: Deployment, { current, old }: Generations): void {
  if (current) refresh(deployment, current, nextRevision(old))
}

function withFound({ deployment, nowMs }: DeploymentView, { current }: Generations, conditions: Conditions): Conditions {
  if (!current || progressDeadlineOf(deployment) === undefined || findCondition(conditions, PROGRESSING)) return conditions
  return withCondition(conditions, PROGRESSING, { verdict: setFound(current.set.metadata.name ?? ''), nowMs })
}

/** The current replica set, made if there is none. */
function ensureCurrent(view: DeploymentView, found: Generations, conditions: Conditions): { readonly generations: Generations; readonly conditions: Conditions } {
  const { deployment, nowMs } = view
  if (found.current) {
    bringUpToDate(deployment, found)
    return { generations: found, conditions: withFound(view, found, conditions) }
  }
  const current = newGeneration(deployment, found.old, nextRevision(found.old))
  const created = setCreated(current.set.metadata.name ?? '')
  return {
    generations: { current, old: found.old },
    conditions: progressDeadlineOf(deployment) === undefined ? conditions : withCondition(conditions, PROGRESSING, { verdict: created, nowMs }),
  }
}

function cleanUp(deployment: Deployment, { old }: Generations): void {
  for (const draft of beyondHistory(deployment, old)) draft.isDeleted = true
}

function finish(view: DeploymentView, { generations, conditions, isRollout }: Course): DeploymentPlan {
  const { deployment, nowMs } = view
  const { current, old } = generations
  const status = (isRollout ? rolloutStatus : plainStatus)({ deployment, generations, conditions, nowMs })
  const deadline = isRollout ? deadlineMs(deployment, status) : undefined
  return {
    steps: [...(current ? [current] : []), ...old].flatMap(stepsOf),
    status,
    revision: current?.annotations[REVISION] ?? deployment.metadata.annotations?.[REVISION],
    againAfterMs: deadline === undefined ? undefined : Math.max(1000, deadline + 1000 - nowMs),
  }
}

function stepsOf(draft: Draft): readonly Step[] {
  if (draft.isDeleted) return [{ kind: 'delete', replicaSet: draft.set }]
  const shaped = shape(draft)
  if (draft.isNew) return [{ kind: 'create', replicaSet: shaped }]
  const metadata = mergeDiff({ annotations: draft.set.metadata.annotations }, { annotations: shaped.metadata.annotations })
  const spec = mergeDiff({ replicas: replicasOf(draft.set), minReadySeconds: draft.set.spec?.minReadySeconds ?? 0 }, { replicas: draft.replicas, minReadySeconds: draft.minReadySeconds })
  if (!metadata && !spec) return []
  return [{ kind: 'change', replicaSet: draft.set, patch: { ...(metadata ? { metadata } : {}), ...(spec ? { spec } : {}) }, ...scaleMessage(draft) }]
}

function shape(draft: Draft): ReplicaSet {
  const { set } = draft
  const hasAnnotations = Object.keys(draft.annotations).length > 0
  return {
    ...set,
    metadata: hasAnnotations ? { ...set.metadata, annotations: draft.annotations } : set.metadata,
    spec: { ...set.spec, selector: set.spec?.selector ?? {}, replicas: draft.replicas, ...(draft.minReadySeconds > 0 ? { minReadySeconds: draft.minReadySeconds } : {}) },
  }
}

function scaleMessage({ set, replicas }: Draft): { readonly message?: string } {
  const before = replicasOf(set)
  return before === replicas ? {} : { message: scaled(set.metadata.name ?? '', before, replicas) }
}

/** The sentence of the event ScalingReplicaSet. */
export const scaled = (name: string, before: number, after: number): string => `Scaled ${after > before ? 'up' : 'down'} replica set ${name} from ${before} to ${after}`
