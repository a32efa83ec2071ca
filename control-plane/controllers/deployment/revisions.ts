/** Which replica set is the deployment's present template, and which were its past ones. PURE. */
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { deployments } from '../../../shared/model/resources.ts'
import { templateHash } from '../../../shared/model/template-hash.ts'
import { controllerReference, NAME_MAX } from '../pod-control/template.ts'
import { draftOf, oldestFirst, totalReplicas, type Draft } from './draft.ts'
import { isRolling, maxTotalOf, wantedOf } from './strategy.ts'

const PREFIX = 'deployment.kubernetes.io/'
export const REVISION = `${PREFIX}revision`
export const REVISION_HISTORY = `${PREFIX}revision-history`
export const DESIRED_REPLICAS = `${PREFIX}desired-replicas`
export const MAX_REPLICAS = `${PREFIX}max-replicas`
/** What once asked for a rollback by a field still does, by this annotation. */
export const ROLLBACK = 'deprecated.deployment.rollback.to'
export const HASH_LABEL = 'pod-template-hash'

/** Annotations that are a deployment's own and are not copied to its replica sets. */
export const NOT_COPIED: ReadonlySet<string> = new Set(['kubectl.kubernetes.io/last-applied-configuration', REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS, ROLLBACK])

const HISTORY_LIMIT_CHARS = 2000

export interface Generations {
  /** Of the present template, if it has one. */
  readonly current: Draft | undefined
  readonly old: readonly Draft[]
}

/** The oldest replica set with the present template is the current one. */
export function findGenerations(deployment: Deployment, sets: readonly ReplicaSet[]): Generations {
  const drafts = sets.map((set) => draftOf(set)).toSorted(oldestFirst)
  const current = drafts.find(({ set }) => isSameTemplate(deployment.spec?.template, set.spec?.template))
  return { current, old: drafts.filter((draft) => draft !== current) }
}

/** Equal but for the hash label that the controller adds. */
export const isSameTemplate = (a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean => deepEqual(withoutHash(a), withoutHash(b))

export function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec | undefined {
  const labels = template?.metadata?.labels
  if (!labels || !(HASH_LABEL in labels)) return template
  return { ...template, metadata: { ...template.metadata, labels: Object.fromEntries(Object.entries(labels).filter(([key]) => key !== HASH_LABEL)) } }
}

export const revisionOf = (draft: Draft): number => Number.parseInt(draft.annotations[REVISION] ?? '0', 10) || 0
export const nextRevision = (old: readonly Draft[]): number => Math.max(0, ...old.map(revisionOf)) + 1

/** Brings the current replica set's annotations and readiness time up to the deployment's. */
export function refresh(deployment: Deployment, current: Draft, revision: number): void {
  copyAnnotations(deployment, current)
  current.minReadySeconds = deployment.spec?.minReadySeconds ?? 0
  const before = current.annotations[REVISION]
  if (revisionOf(current) >= revision) return
  current.annotations[REVISION] = String(revision)
  if (before === undefined || before === '0') return
  current.annotations[REVISION_HISTORY] = appendHistory(current.annotations[REVISION_HISTORY], before)
}

/** Oldest revisions are dropped when the text gets too long. */
function appendHistory(history: string | undefined, revision: string): string {
  let revisions = [...(history ? history.split(',') : []), revision]
  while (revisions.length > 1 && revisions.join(',').length > HISTORY_LIMIT_CHARS) revisions = revisions.slice(1)
  return revisions.join(',')
}

function copyAnnotations(deployment: Deployment, draft: Draft): void {
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) if (!NOT_COPIED.has(key)) draft.annotations[key] = value
}

/** Notes on the replica set how many pods the deployment wants and allows, so that a later change of scale is recognised. */
export function noteScale(deployment: Deployment, draft: Draft): void {
  draft.annotations[DESIRED_REPLICAS] = String(wantedOf(deployment))
  draft.annotations[MAX_REPLICAS] = String(maxTotalOf(deployment))
}

/** A replica set for the present template, sized as the strategy allows now. */
export function newGeneration(deployment: Deployment, old: readonly Draft[], revision: number): Draft {
  const template = deployment.spec?.template ?? {}
  const hash = templateHash(template, deployment.status?.collisionCount)
  const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash }
  const selector = deployment.spec?.selector ?? {}
  const set: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${(deployment.metadata.name ?? '').slice(0, NAME_MAX - 1 - hash.length)}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      ownerReferences: [controllerReference(deployments, deployment)],
    },
    spec: {
      replicas: 0,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
  const draft = draftOf(set, true)
  refresh(deployment, draft, revision)
  noteScale(deployment, draft)
  draft.replicas = sizeOfCurrent(deployment, draft, [draft, ...old])
  return draft
}

/** As many as fit under the total that the strategy allows, up to what is wanted. */
export function sizeOfCurrent(deployment: Deployment, current: Draft, all: readonly Draft[]): number {
  if (!isRolling(deployment)) return wantedOf(deployment)
  const room = maxTotalOf(deployment) - totalReplicas(all)
  if (room <= 0) return current.replicas
  return current.replicas + Math.min(room, wantedOf(deployment) - current.replicas)
}

/** Old, empty, settled replica sets beyond the history limit, the lowest revisions first. */
export function beyondHistory(deployment: Deployment, old: readonly Draft[]): readonly Draft[] {
  const limit = deployment.spec?.revisionHistoryLimit
  if (limit === undefined || limit === 2_147_483_647) return []
  const alive = old.filter(({ set }) => set.metadata.deletionTimestamp === undefined)
  const surplus = alive.toSorted((a, b) => revisionOf(a) - revisionOf(b) || oldestFirst(a, b)).slice(0, Math.max(0, alive.length - limit))
  return surplus.filter((draft) => draft.replicas === 0 && (draft.set.status?.replicas ?? 0) === 0 && (draft.set.metadata.generation ?? 0) <= (draft.set.status?.observedGeneration ?? 0))
}
