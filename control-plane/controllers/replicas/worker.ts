/** Keeps as many pods as are promised: by ReplicaSets, and by what is a ReplicaSet in other words. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import { mergeDiff } from '../../../shared/model/merge-diff.ts'
import { controllerOf, isTerminating, keyOf, namespaceOf, nameOf, objectKey, uidOf, type KubeObject } from '../../../shared/model/meta.ts'
import type { OwnerReference, Pod, ReplicaSet, ReplicaSetStatus } from '../../../shared/model/gen/api.ts'
import { matchesSelector } from '../../../shared/model/label-selector.ts'
import { apiVersionOf, pods, type Resource } from '../../../shared/model/resources.ts'
import type { Change } from '../../informers/port.ts'
import { ignoreMissing, isNamespaceTerminating } from '../answers.ts'
import { again, done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { referenceTo, type Happening } from '../events/recorder.ts'
import { OwnWrites } from '../own-writes.ts'
import { adopt, release } from '../ownership/adopt.ts'
import { planClaims } from '../ownership/claims.ts'
import { BY_CONTROLLER, byController, BY_NAMESPACE, byNamespace, ORPHANS, orphansByNamespace } from '../ownership/indexes.ts'
import { isActive } from '../pod-control/pod-state.ts'
import { controllerReference, podFromTemplate, podPrefix } from '../pod-control/template.ts'
import { firstBatch, nextAvailabilityMs, planReplicas, statusOf, type ReplicaFailure, type ReplicaSetView, type ReplicasPlan } from './plan.ts'

/** A kind that promises replicas. */
export interface ReplicaFamily<T extends KubeObject> {
  /** Of the controller: `replicaset`. */
  readonly name: string
  /** Who its events are from. */
  readonly component: string
  readonly resource: Resource<T>
  /** The same promise in the words of a ReplicaSet. */
  toReplicaSet(object: T): ReplicaSet
  /** The status in its own words. */
  statusOf(status: ReplicaSetStatus): object
  statusBefore(object: T): object | undefined
}

export function createReplicasController<T extends KubeObject>(parts: ControllerParts, family: ReplicaFamily<T>): Controller {
  const worker = new ReplicasWorker(parts, family)
  return { name: family.name, workers: 8, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class ReplicasWorker<T extends KubeObject> {
  readonly #parts: ControllerParts
  readonly #family: ReplicaFamily<T>
  readonly #sets: OwnWrites<T>
  readonly #pods: OwnWrites<Pod>

  constructor(parts: ControllerParts, family: ReplicaFamily<T>) {
    this.#parts = parts
    this.#family = family
    this.#sets = new OwnWrites(parts.informers.for(family.resource))
    this.#sets.addIndex(BY_CONTROLLER, byController)
    this.#sets.addIndex(BY_NAMESPACE, byNamespace)
    this.#pods = new OwnWrites(parts.informers.for(pods))
    this.#pods.addIndex(BY_CONTROLLER, byController)
    this.#pods.addIndex(ORPHANS, orphansByNamespace)
  }

  start(enqueue: Enqueue): () => void {
    const { informers } = this.#parts
    const stops = [informers.for(this.#family.resource).subscribe(({ key, after }) => after && enqueue(key)), informers.for(pods).subscribe((change) => this.#podChanged(change, enqueue))]
    return () => stops.forEach((stop) => stop())
  }

  #podChanged({ before, after }: Change<Pod>, enqueue: Enqueue): void {
    const [was, is] = [before && this.#ownerKey(before), after && this.#ownerKey(after)]
    if (was !== undefined) enqueue(was)
    if (is !== undefined && is !== was) enqueue(is)
    if (!after || controllerOf(after) || isTerminating(after)) return
    for (const set of this.#sets.byIndex(BY_NAMESPACE, namespaceOf(after))) if (matchesSelector(this.#promise(set).spec?.selector, after.metadata.labels)) enqueue(keyOf(set))
  }

  async reconcile(key: string): Promise<Outcome> {
    const set = this.#sets.get(key)
    if (!set) return done
    await this.#claim(set)
    const plan = planReplicas(this.#observe(set))
    const failure = await this.#carryOut(set, plan)
    const after = this.#observe(set)
    await this.#writeStatus(set, after, failure)
    if (failure) throw failure.error
    const nextMs = nextAvailabilityMs(after)
    return nextMs === undefined ? done : again(nextMs)
  }

  #observe(set: T): ReplicaSetView {
    const promise = this.#promise(set)
    const own = this.#pods.byIndex(BY_CONTROLLER, uidOf(set))
    const owner = controllerOf(set)
    const siblings = owner ? this.#sets.byIndex(BY_CONTROLLER, owner.uid) : []
    const others = siblings.filter((sibling) => uidOf(sibling) !== uidOf(set)).flatMap((sibling) => this.#pods.byIndex(BY_CONTROLLER, uidOf(sibling)))
    const claimed = planClaims(set, promise.spec?.selector, own).own
    return { replicaSet: promise, pods: claimed, related: [...claimed, ...others].filter(isActive), nowMs: this.#parts.clock.nowMs() }
  }

  /** Adopts selected pods that nobody controls and lets go of its own that are not selected any more. */
  async #claim(set: T): Promise<void> {
    const candidates = [...this.#pods.byIndex(BY_CONTROLLER, uidOf(set)), ...this.#pods.byIndex(ORPHANS, namespaceOf(set))].filter(isActive)
    const claims = planClaims(set, this.#promise(set).spec?.selector, candidates)
    const { client } = this.#parts
    if (claims.adopt.length > 0 && (await this.#isStillThere(set))) {
      const owner = controllerReference(this.#family.resource, set)
      for (const pod of await Promise.all(claims.adopt.map((object) => adopt(client, pods, { object, owner })))) if (pod) this.#pods.wrote(pod)
    }
    for (const pod of await Promise.all(claims.release.map((object) => release(client, pods, { object, ownerUid: uidOf(set) })))) if (pod) this.#pods.wrote(pod)
  }

  /** Nothing is adopted for an owner that is being deleted, whatever the informer still shows. */
  async #isStillThere(set: T): Promise<boolean> {
    const live = await this.#parts.client.get(this.#family.resource, { namespace: namespaceOf(set), name: nameOf(set) })
    return uidOf(live) === uidOf(set) && !isTerminating(live)
  }

  async #carryOut(set: T, plan: ReplicasPlan): Promise<(ReplicaFailure & { readonly error: unknown }) | undefined> {
    const creating = await this.#createAll(set, plan.create)
    if (creating !== undefined) return { reason: 'FailedCreate', message: messageOf(creating), error: creating }
    const removals = await Promise.all(plan.remove.map((pod) => this.#remove(set, pod)))
    const removing = removals.find((error) => error !== undefined)
    return removing === undefined ? undefined : { reason: 'FailedDelete', message: messageOf(removing), error: removing }
  }

  /** In batches that double; the first error ends it after its batch. Answers that error. */
  async #createAll(set: T, wanted: number): Promise<unknown> {
    let batch = firstBatch(this.#promise(set))
    for (let left = wanted; left > 0; left -= batch, batch *= 2) {
      const errors = await Promise.all(Array.from({ length: Math.min(batch, left) }, () => this.#create(set)))
      const error = errors.find((one) => one !== undefined)
      if (error !== undefined) return error
    }
    return undefined
  }

  async #create(set: T): Promise<unknown> {
    const pod = podFromTemplate(this.#promise(set).spec?.template, { namespace: namespaceOf(set), generateName: podPrefix(nameOf(set)), owner: controllerReference(this.#family.resource, set) })
    try {
      const created = await this.#parts.client.create(pods, pod)
      this.#pods.wrote(created)
      this.#tell(set, { type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: ${nameOf(created)}` })
      return undefined
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined
      this.#tell(set, { type: 'Warning', reason: 'FailedCreate', message: `Error creating: ${messageOf(error)}` })
      return error
    }
  }

  async #remove(set: T, pod: Pod): Promise<unknown> {
    try {
      await this.#parts.client.delete(pods, { namespace: namespaceOf(pod), name: nameOf(pod) }, { preconditions: { uid: uidOf(pod) } })
    } catch (error) {
      if (!isApiError(error, 'NotFound')) {
        this.#tell(set, { type: 'Warning', reason: 'FailedDelete', message: `Error deleting: ${messageOf(error)}` })
        return error
      }
    }
    this.#pods.deleted(pod)
    this.#tell(set, { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${nameOf(pod)}` })
    return undefined
  }

  async #writeStatus(set: T, view: ReplicaSetView, failure: ReplicaFailure | undefined): Promise<void> {
    const { resource, statusOf: inOwnWords, statusBefore } = this.#family
    const status = mergeDiff(statusBefore(set), inOwnWords(statusOf(view, failure && { reason: failure.reason, message: failure.message })))
    if (!status) return
    const at = { namespace: namespaceOf(set), name: nameOf(set) }
    const written = await this.#parts.client.patch(resource, at, { type: 'merge', subresource: 'status', body: { metadata: { uid: uidOf(set) }, status } }).catch(ignoreMissing)
    if (written) this.#sets.wrote(written)
  }

  #promise(set: T): ReplicaSet {
    return this.#family.toReplicaSet(set)
  }

  #tell(set: T, what: Happening): void {
    this.#parts.events.record(this.#family.component, referenceTo(this.#family.resource, set), what)
  }

  /** The key of the one that controls the pod, as far as its reference says. */
  #ownerKey(pod: Pod): string | undefined {
    const owner = controllerOf(pod)
    return owner && isOf(owner, this.#family.resource) ? objectKey(namespaceOf(pod), owner.name) : undefined
  }
}

/** Whether the reference names the resource, in whichever version. */
function isOf({ kind, apiVersion }: OwnerReference, resource: Resource): boolean {
  return kind === resource.kind && (resource.group === '' ? apiVersion === apiVersionOf(resource) : apiVersion.startsWith(`${resource.group}/`))
}
