/** Rolls Deployments out. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import { mergeDiff } from '../../../shared/model/merge-diff.ts'
import { isJsonObject, type Json } from '../../../shared/model/json.ts'
import type { Deployment, DeploymentStatus, Pod, ReplicaSet } from '../../../shared/model/gen/api.ts'
import { matchesSelector } from '../../../shared/model/label-selector.ts'
import { controllerOf, isTerminating, keyOf, nameOf, namespaceOf, objectKey, uidOf, type KubeObject } from '../../../shared/model/meta.ts'
import { deployments, pods, replicaSets } from '../../../shared/model/resources.ts'
import type { Change, Informer } from '../../informers/port.ts'
import { ignoreMissing, isNamespaceTerminating } from '../answers.ts'
import { again, done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { referenceTo, type Happening } from '../events/recorder.ts'
import { OwnWrites } from '../own-writes.ts'
import { adopt, release } from '../ownership/adopt.ts'
import { planClaims } from '../ownership/claims.ts'
import { BY_CONTROLLER, byController, BY_NAMESPACE, byNamespace, ORPHANS, orphansByNamespace } from '../ownership/indexes.ts'
import { controllerReference } from '../pod-control/template.ts'
import { createFailed, PROGRESSING, withCondition } from './conditions.ts'
import { planDeployment, scaled, type DeploymentPlan, type DeploymentView, type Step } from './plan.ts'
import { isSameTemplate, REVISION } from './revisions.ts'
import type { Rollback } from './rollback.ts'
import { progressDeadlineOf } from './status.ts'
import { isRolling, replicasOf } from './strategy.ts'

const COMPONENT = 'deployment-controller'

export function createDeploymentController(parts: ControllerParts): Controller {
  const worker = new DeploymentWorker(parts)
  return { name: 'deployment', workers: 8, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class DeploymentWorker {
  readonly #parts: ControllerParts
  readonly #deployments: OwnWrites<Deployment>
  readonly #sets: OwnWrites<ReplicaSet>
  readonly #pods: Informer<Pod>

  constructor(parts: ControllerParts) {
    this.#parts = parts
    this.#deployments = new OwnWrites(parts.informers.for(deployments))
    this.#deployments.addIndex(BY_NAMESPACE, byNamespace)
    this.#sets = new OwnWrites(parts.informers.for(replicaSets))
    this.#sets.addIndex(BY_CONTROLLER, byController)
    this.#sets.addIndex(ORPHANS, orphansByNamespace)
    this.#pods = parts.informers.for(pods)
    this.#pods.addIndex(BY_CONTROLLER, byController)
  }

  start(enqueue: Enqueue): () => void {
    const { informers } = this.#parts
    const stops = [
      informers.for(deployments).subscribe(({ key, after }) => after && enqueue(key)),
      informers.for(replicaSets).subscribe((change) => this.#setChanged(change, enqueue)),
      this.#pods.subscribe((change) => this.#podChanged(change, enqueue)),
    ]
    return () => stops.forEach((stop) => stop())
  }

  #setChanged({ before, after }: Change<ReplicaSet>, enqueue: Enqueue): void {
    const [was, is] = [before && ownerKey(before, 'Deployment'), after && ownerKey(after, 'Deployment')]
    if (was !== undefined) enqueue(was)
    if (is !== undefined && is !== was) enqueue(is)
    if (!after || controllerOf(after) || isTerminating(after)) return
    for (const deployment of this.#deployments.byIndex(BY_NAMESPACE, namespaceOf(after))) if (matchesSelector(deployment.spec?.selector, after.metadata.labels)) enqueue(keyOf(deployment))
  }

  /** Recreate waits for old pods to be gone, which no replica set tells of. */
  #podChanged({ before, after }: Change<Pod>, enqueue: Enqueue): void {
    if (after || !before) return
    const set = this.#sets.get(ownerKey(before, 'ReplicaSet') ?? '')
    const key = set && ownerKey(set, 'Deployment')
    const deployment = key === undefined ? undefined : this.#deployments.get(key)
    if (deployment && !isRolling(deployment)) enqueue(keyOf(deployment))
  }

  async reconcile(key: string): Promise<Outcome> {
    const deployment = this.#deployments.get(key)
    if (!deployment) return done
    await this.#claim(deployment)
    const plan = planDeployment(this.#observe(deployment))
    for (const step of plan.steps) if ((await this.#do(deployment, step)) === 'collision') return again(0)
    if (plan.rollback) {
      await this.#rollBack(deployment, plan.rollback)
      return done
    }
    await this.#writeStatus(deployment, plan)
    return plan.againAfterMs === undefined ? done : again(plan.againAfterMs)
  }

  #observe(deployment: Deployment): DeploymentView {
    const own = planClaims(deployment, deployment.spec?.selector, this.#sets.byIndex(BY_CONTROLLER, uidOf(deployment))).own
    const podsBySet = new Map(isRolling(deployment) ? [] : own.map((set) => [uidOf(set), this.#pods.byIndex(BY_CONTROLLER, uidOf(set))]))
    return { deployment, replicaSets: own, podsBySet, nowMs: this.#parts.clock.nowMs() }
  }

  async #claim(deployment: Deployment): Promise<void> {
    const candidates = [...this.#sets.byIndex(BY_CONTROLLER, uidOf(deployment)), ...this.#sets.byIndex(ORPHANS, namespaceOf(deployment))]
    const claims = planClaims(deployment, deployment.spec?.selector, candidates)
    const { client } = this.#parts
    if (claims.adopt.length > 0 && (await this.#isStillThere(deployment))) {
      const owner = controllerReference(deployments, deployment)
      for (const set of await Promise.all(claims.adopt.map((object) => adopt(client, replicaSets, { object, owner })))) if (set) this.#sets.wrote(set)
    }
    for (const set of await Promise.all(claims.release.map((object) => release(client, replicaSets, { object, ownerUid: uidOf(deployment) })))) if (set) this.#sets.wrote(set)
  }

  async #isStillThere(deployment: Deployment): Promise<boolean> {
    const live = await this.#parts.client.get(deployments, { namespace: namespaceOf(deployment), name: nameOf(deployment) })
    return uidOf(live) === uidOf(deployment) && !isTerminating(live)
  }

  async #do(deployment: Deployment, step: Step): Promise<'done' | 'collision'> {
    const { client } = this.#parts
    const at = { namespace: namespaceOf(deployment), name: nameOf(step.replicaSet) }
    switch (step.kind) {
      case 'create':
        return this.#create(deployment, step.replicaSet)
      case 'change':
        this.#sets.wrote(await client.patch(replicaSets, at, { type: 'merge', body: withUid(step.patch, uidOf(step.replicaSet)) }))
        if (step.message !== undefined) this.#tell(deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message: step.message })
        return 'done'
      case 'delete':
        await client.delete(replicaSets, at, { preconditions: { uid: uidOf(step.replicaSet) } }).catch(ignoreMissing)
        this.#sets.deleted(step.replicaSet)
        return 'done'
    }
  }

  async #create(deployment: Deployment, set: ReplicaSet): Promise<'done' | 'collision'> {
    try {
      this.#sets.wrote(await this.#parts.client.create(replicaSets, set))
    } catch (error) {
      if (isApiError(error, 'AlreadyExists')) return this.#meet(deployment, set)
      await this.#noteFailure(deployment, error, nameOf(set))
      throw error
    }
    if (replicasOf(set) > 0) this.#tell(deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message: scaled(nameOf(set), 0, replicasOf(set)) })
    return 'done'
  }

  /** A replica set of that name is there: ours, made a moment ago, or one of another template whose hash is the same. */
  async #meet(deployment: Deployment, set: ReplicaSet): Promise<'done' | 'collision'> {
    const live = await this.#parts.client.get(replicaSets, { namespace: namespaceOf(set), name: nameOf(set) })
    if (controllerOf(live)?.uid === uidOf(deployment) && isSameTemplate(live.spec?.template, deployment.spec?.template)) {
      this.#sets.wrote(live)
      return 'done'
    }
    await this.#patchStatus(deployment, { status: { collisionCount: (deployment.status?.collisionCount ?? 0) + 1 } })
    return 'collision'
  }

  async #noteFailure(deployment: Deployment, error: unknown, name: string): Promise<void> {
    if (isNamespaceTerminating(error)) return
    const message = `Failed to create new replica set "${name}": ${messageOf(error)}`
    this.#tell(deployment, { type: 'Warning', reason: 'ReplicaSetCreateError', message })
    if (progressDeadlineOf(deployment) === undefined) return
    const conditions = withCondition(deployment.status?.conditions ?? [], PROGRESSING, { verdict: createFailed(message), nowMs: this.#parts.clock.nowMs() })
    const status = mergeDiff(deployment.status, { ...deployment.status, conditions } satisfies DeploymentStatus)
    if (status) await this.#patchStatus(deployment, { status })
  }

  /** The revision goes along with the status, as one write. */
  async #writeStatus(deployment: Deployment, { status, revision }: DeploymentPlan): Promise<void> {
    const change = mergeDiff(deployment.status, status)
    const isRevised = revision !== undefined && deployment.metadata.annotations?.[REVISION] !== revision
    if (!change && !isRevised) return
    await this.#patchStatus(deployment, { ...(isRevised ? { metadata: { annotations: { [REVISION]: revision } } } : {}), ...(change ? { status: change } : {}) })
  }

  /** As it was read: what somebody else has changed since is looked at anew. */
  async #rollBack(deployment: Deployment, { patch, told }: Rollback): Promise<void> {
    const at = { namespace: namespaceOf(deployment), name: nameOf(deployment) }
    const { metadata } = patch
    const guarded = { ...patch, metadata: { ...(isJsonObject(metadata) ? metadata : {}), resourceVersion: deployment.metadata.resourceVersion } } as Readonly<Record<string, Json>>
    this.#deployments.wrote(await this.#parts.client.patch(deployments, at, { type: 'merge', body: withUid(guarded, uidOf(deployment)) }))
    this.#tell(deployment, told)
  }

  async #patchStatus(deployment: Deployment, patch: Readonly<Record<string, Json>>): Promise<void> {
    const at = { namespace: namespaceOf(deployment), name: nameOf(deployment) }
    const written = await this.#parts.client.patch(deployments, at, { type: 'merge', subresource: 'status', body: withUid(patch, uidOf(deployment)) }).catch(ignoreMissing)
    if (written) this.#deployments.wrote(written)
  }

  #tell(deployment: Deployment, what: Happening): void {
    this.#parts.events.record(COMPONENT, referenceTo(deployments, deployment), what)
  }
}

/** The uid makes sure that a patch meets this very object and no namesake. */
const withUid = (patch: Readonly<Record<string, Json>>, uid: string): Json => ({ ...patch, metadata: { ...(patch['metadata'] as Readonly<Record<string, Json>> | undefined), uid } })

function ownerKey(object: KubeObject, kind: string): string | undefined {
  const owner = controllerOf(object)
  return owner?.kind === kind && owner.apiVersion.startsWith('apps/') ? objectKey(namespaceOf(object), owner.name) : undefined
}
