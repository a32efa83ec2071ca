/** Keeps as many pods as each ReplicaSet promises. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import { mergeDiff } from '../../../shared/model/merge-diff.ts'
import { controllerOf, isTerminating, keyOf, namespaceOf, nameOf, objectKey, uidOf } from '../../../shared/model/meta.ts'
import type { Pod, ReplicaSet } from '../../../shared/model/gen/api.ts'
import { matchesSelector } from '../../../shared/model/label-selector.ts'
import { pods, replicaSets } from '../../../shared/model/resources.ts'
import type { Change } from '../../informers/port.ts'
import { ignoreMissing, isNamespaceTerminating } from '../answers.ts'
import { again, done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { referenceTo, type Happening } from '../events/recorder.ts'
import { OwnWrites } from '../own-writes.ts'
import { adopt, release } from '../ownership/adopt.ts'
import { planClaims } from '../ownership/claims.ts'
import { BY_CONTROLLER, byController, BY_NAMESPACE, byNamespace, ORPHANS, orphansByNamespace } from '../ownership/indexes.ts'
import { isActive } from '../pod-control/pod-state.ts'
import { controllerReference, podFromTemplate } from '../pod-control/template.ts'
import { firstBatch, nextAvailabilityMs, planReplicas, statusOf, type ReplicaFailure, type ReplicaSetView, type ReplicasPlan } from './plan.ts'

const COMPONENT = 'replicaset-controller'

export function createReplicaSetController(parts: ControllerParts): Controller {
  const worker = new ReplicaSetWorker(parts)
  return { name: 'replicaset', workers: 8, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class ReplicaSetWorker {
  readonly #parts: ControllerParts
  readonly #sets: OwnWrites<ReplicaSet>
  readonly #pods: OwnWrites<Pod>

  constructor(parts: ControllerParts) {
    this.#parts = parts
    this.#sets = new OwnWrites(parts.informers.for(replicaSets))
    this.#sets.addIndex(BY_CONTROLLER, byController)
    this.#sets.addIndex(BY_NAMESPACE, byNamespace)
    this.#pods = new OwnWrites(parts.informers.for(pods))
    this.#pods.addIndex(BY_CONTROLLER, byController)
    this.#pods.addIndex(ORPHANS, orphansByNamespace)
  }

  start(enqueue: Enqueue): () => void {
    const { informers } = this.#parts
    const stops = [informers.for(replicaSets).subscribe(({ key, after }) => after && enqueue(key)), informers.for(pods).subscribe((change) => this.#podChanged(change, enqueue))]
    return () => stops.forEach((stop) => stop())
  }

  #podChanged({ before, after }: Change<Pod>, enqueue: Enqueue): void {
    const [was, is] = [before && ownerKey(before), after && ownerKey(after)]
    if (was !== undefined) enqueue(was)
    if (is !== undefined && is !== was) enqueue(is)
    if (!after || controllerOf(after) || isTerminating(after)) return
    for (const set of this.#sets.byIndex(BY_NAMESPACE, namespaceOf(after))) if (matchesSelector(set.spec?.selector, after.metadata.labels)) enqueue(keyOf(set))
  }

  async reconcile(key: string): Promise<Outcome> {
    const set = this.#sets.get(key)
    if (!set) return done
    await this.#claim(set)
    const plan = planReplicas(this.#observe(set))
    const failure = await this.#carryOut(set, plan)
    const after = this.#observe(set)
    await this.#writeStatus(after, failure)
    if (failure) throw failure.error
    const nextMs = nextAvailabilityMs(after)
    return nextMs === undefined ? done : again(nextMs)
  }

  #observe(set: ReplicaSet): ReplicaSetView {
    const own = this.#pods.byIndex(BY_CONTROLLER, uidOf(set))
    const owner = controllerOf(set)
    const siblings = owner ? this.#sets.byIndex(BY_CONTROLLER, owner.uid) : []
    const others = siblings.filter((sibling) => uidOf(sibling) !== uidOf(set)).flatMap((sibling) => this.#pods.byIndex(BY_CONTROLLER, uidOf(sibling)))
    const claimed = planClaims(set, set.spec?.selector, own).own
    return { replicaSet: set, pods: claimed, related: [...claimed, ...others].filter(isActive), nowMs: this.#parts.clock.nowMs() }
  }

  /** Adopts selected pods that nobody controls and lets go of its own that are not selected any more. */
  async #claim(set: ReplicaSet): Promise<void> {
    const candidates = [...this.#pods.byIndex(BY_CONTROLLER, uidOf(set)), ...this.#pods.byIndex(ORPHANS, namespaceOf(set))].filter(isActive)
    const claims = planClaims(set, set.spec?.selector, candidates)
    const { client } = this.#parts
    if (claims.adopt.length > 0 && (await this.#isStillThere(set))) {
      const owner = controllerReference(replicaSets, set)
      for (const pod of await Promise.all(claims.adopt.map((object) => adopt(client, pods, { object, owner })))) if (pod) this.#pods.wrote(pod)
    }
    for (const pod of await Promise.all(claims.release.map((object) => release(client, pods, { object, ownerUid: uidOf(set) })))) if (pod) this.#pods.wrote(pod)
  }

  /** Nothing is adopted for an owner that is being deleted, whatever the informer still shows. */
  async #isStillThere(set: ReplicaSet): Promise<boolean> {
    const live = await this.#parts.client.get(replicaSets, { namespace: namespaceOf(set), name: nameOf(set) })
    return uidOf(live) === uidOf(set) && !isTerminating(live)
  }

  async #carryOut(set: ReplicaSet, plan: ReplicasPlan): Promise<(ReplicaFailure & { readonly error: unknown }) | undefined> {
    const creating = await this.#createAll(set, plan.create)
    if (creating !== undefined) return { reason: 'FailedCreate', message: messageOf(creating), error: creating }
    const removals = await Promise.all(plan.remove.map((pod) => this.#remove(set, pod)))
    const removing = removals.find((error) => error !== undefined)
    return removing === undefined ? undefined : { reason: 'FailedDelete', message: messageOf(removing), error: removing }
  }

  /** In batches that double; the first error ends it after its batch. Answers that error. */
  async #createAll(set: ReplicaSet, wanted: number): Promise<unknown> {
    let batch = firstBatch(set)
    for (let left = wanted; left > 0; left -= batch, batch *= 2) {
      const errors = await Promise.all(Array.from({ length: Math.min(batch, left) }, () => this.#create(set)))
      const error = errors.find((one) => one !== undefined)
      if (error !== undefined) return error
    }
    return undefined
  }

  async #create(set: ReplicaSet): Promise<unknown> {
    const pod = podFromTemplate(set.spec?.template, { namespace: namespaceOf(set), generateName: `${nameOf(set)}-`, owner: controllerReference(replicaSets, set) })
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

  async #remove(set: ReplicaSet, pod: Pod): Promise<unknown> {
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

  async #writeStatus(view: ReplicaSetView, failure: ReplicaFailure | undefined): Promise<void> {
    const set = view.replicaSet
    const status = mergeDiff(set.status, statusOf(view, failure && { reason: failure.reason, message: failure.message }))
    if (!status) return
    const at = { namespace: namespaceOf(set), name: nameOf(set) }
    const written = await this.#parts.client.patch(replicaSets, at, { type: 'merge', subresource: 'status', body: { metadata: { uid: uidOf(set) }, status } }).catch(ignoreMissing)
    if (written) this.#sets.wrote(written)
  }

  #tell(set: ReplicaSet, what: Happening): void {
    this.#parts.events.record(COMPONENT, referenceTo(replicaSets, set), what)
  }
}

/** The key of the ReplicaSet that controls the pod, as far as its reference says. */
function ownerKey(pod: Pod): string | undefined {
  const owner = controllerOf(pod)
  return owner?.kind === 'ReplicaSet' && owner.apiVersion.startsWith('apps/') ? objectKey(namespaceOf(pod), owner.name) : undefined
}
