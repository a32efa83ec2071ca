/** For tests: replica sets with their pods as numbers, driven by plans; statuses may lag behind. */
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../../shared/model/gen/api.ts'
import { isJsonObject, type Json } from '../../../shared/model/json.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { planDeployment, type DeploymentPlan } from './plan.ts'

export interface ModelSet {
  set: ReplicaSet
  /** Pods that run, the available ones among them. */
  pods: number
  available: number
}

export interface Model {
  deployment: Deployment
  sets: ModelSet[]
  nowMs: number
}

export const deploymentOf = (replicas: number, more: Readonly<Record<string, unknown>> = {}): Deployment => ({
  metadata: { name: 'web', namespace: 'ns', uid: 'deployment', generation: 1 },
  spec: {
    replicas,
    progressDeadlineSeconds: 600,
    revisionHistoryLimit: 10,
    selector: { matchLabels: { app: 'web' } },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    template: { metadata: { labels: { app: 'web', rev: '1' } }, spec: { containers: [] } },
    ...more,
  },
})

export const modelOf = (deployment: Deployment): Model => ({ deployment, sets: [], nowMs: 1_700_000_000_000 })

export function changeSpec(model: Model, change: Readonly<Record<string, unknown>>): void {
  const { deployment } = model
  model.deployment = { ...deployment, metadata: { ...deployment.metadata, generation: (deployment.metadata.generation ?? 0) + 1 }, spec: { ...deployment.spec, ...change } as Deployment['spec'] }
}

export const rollTo = (model: Model, rev: string): void => changeSpec(model, { template: { metadata: { labels: { app: 'web', rev } }, spec: { containers: [] } } })

export function planNow(model: Model): DeploymentPlan {
  return planDeployment({ deployment: model.deployment, replicaSets: model.sets.map(({ set }) => set), podsBySet: new Map(), nowMs: model.nowMs })
}

/** Plans and does all of it; answers whether anything was to do. */
export function step(model: Model): boolean {
  const { steps, status, revision } = planNow(model)
  for (const one of steps) {
    const at = model.sets.findIndex(({ set }) => set === one.replicaSet)
    const known = model.sets[at]
    if (one.kind === 'create') model.sets.push({ set: stored(one.replicaSet, model), pods: 0, available: 0 })
    else if (one.kind === 'delete') model.sets.splice(at, 1)
    else if (known) known.set = bumped(known.set, merge(known.set as unknown as Json, one.patch) as unknown as ReplicaSet)
  }
  const changed = steps.length > 0 || JSON.stringify(status) !== JSON.stringify(model.deployment.status)
  setStatus(model, status, revision)
  return changed
}

function setStatus(model: Model, status: DeploymentStatus, revision: string | undefined): void {
  const annotations = { ...model.deployment.metadata.annotations, ...(revision === undefined ? {} : { 'deployment.kubernetes.io/revision': revision }) }
  model.deployment = { ...model.deployment, metadata: { ...model.deployment.metadata, annotations }, status }
}

const stored = (set: ReplicaSet, model: Model): ReplicaSet => ({
  ...set,
  metadata: { ...set.metadata, uid: set.metadata.name, generation: 1, creationTimestamp: formatTime(model.nowMs + model.sets.length * 1000) },
})

const bumped = (before: ReplicaSet, after: ReplicaSet): ReplicaSet =>
  before.spec?.replicas === after.spec?.replicas ? after : { ...after, metadata: { ...after.metadata, generation: (before.metadata.generation ?? 0) + 1 } }

function merge(target: Json, patch: Json): Json {
  if (!isJsonObject(patch)) return patch
  const result: Record<string, Json> = { ...(isJsonObject(target) ? target : {}) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key] ?? null, value)
  }
  return result
}

/** The replica set controller: makes missing pods, removes surplus ones, the unavailable first. */
export function syncPods({ set, ...one }: ModelSet): ModelSet {
  const wanted = set.spec?.replicas ?? 0
  return { set, pods: wanted, available: Math.min(one.available, wanted) }
}

export const becomeAvailable = (one: ModelSet): ModelSet => ({ ...one, available: Math.min(one.pods, one.available + 1) })

export function reportStatus({ set, pods, available }: ModelSet): ModelSet {
  const status = { replicas: pods, ...(available > 0 ? { readyReplicas: available, availableReplicas: available } : {}), terminatingReplicas: 0, observedGeneration: set.metadata.generation }
  return { set: { ...set, status }, pods, available }
}

/** Everything that can happen by itself happens, until nothing more does. */
export function runToRest(model: Model): void {
  for (let i = 0; i < 500; i++) {
    const before = JSON.stringify([model.sets, model.deployment])
    step(model)
    model.sets = model.sets.map((one) => reportStatus(becomeAvailable(syncPods(one))))
    if (JSON.stringify([model.sets, model.deployment]) === before) return
  }
  throw new Error('it does not come to rest')
}

export const sizes = ({ sets }: Model): Readonly<Record<string, number>> => Object.fromEntries(sets.map(({ set }) => [set.metadata.labels?.['rev'] ?? '', set.spec?.replicas ?? 0]))
