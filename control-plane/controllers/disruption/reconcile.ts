/** Keeps each disruption budget's status: how many of its pods may be evicted now. */
import type { OwnerReference, Pod, PodDisruptionBudget } from '../../../shared/model/gen/api.ts'
import { deepEqual, type Json } from '../../../shared/model/json.ts'
import { matchesSelector } from '../../../shared/model/label-selector.ts'
import { controllerOf, keyOf, type KubeObject, namespaceOf, objectKey, uidOf } from '../../../shared/model/meta.ts'
import { printedLabelSelector } from '../../../shared/model/selectors.ts'
import { deployments, podDisruptionBudgets, pods, replicaSets, replicationControllers, statefulSets, type Resource } from '../../../shared/model/resources.ts'
import type { Change } from '../../informers/port.ts'
import { ignoreMissing } from '../answers.ts'
import { again, done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { referenceTo, type Happening } from '../events/recorder.ts'
import { OwnWrites } from '../own-writes.ts'
import { BY_NAMESPACE, byNamespace } from '../ownership/indexes.ts'
import { ownerWith, planBudget, type BudgetPlan, type PodOwner } from './plan.ts'

const COMPONENT = 'controllermanager'

export function createDisruptionController(parts: ControllerParts): Controller {
  const worker = new DisruptionWorker(parts)
  return { name: 'disruption', workers: 2, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class DisruptionWorker {
  readonly #parts: ControllerParts
  readonly #budgets: OwnWrites<PodDisruptionBudget>

  constructor(parts: ControllerParts) {
    this.#parts = parts
    this.#budgets = new OwnWrites(parts.informers.for(podDisruptionBudgets))
    this.#budgets.addIndex(BY_NAMESPACE, byNamespace)
    parts.informers.for(pods).addIndex(BY_NAMESPACE, byNamespace)
    for (const resource of [replicaSets, deployments, replicationControllers, statefulSets]) parts.informers.for<KubeObject>(resource)
  }

  start(enqueue: Enqueue): () => void {
    const { informers } = this.#parts
    const stops = [informers.for(podDisruptionBudgets).subscribe(({ key, after }) => after && enqueue(key)), informers.for(pods).subscribe((change) => this.#podChanged(change, enqueue))]
    return () => stops.forEach((stop) => stop())
  }

  /** Both the budgets that counted the pod and those that count it now. */
  #podChanged({ before, after }: Change<Pod>, enqueue: Enqueue): void {
    const pod = after ?? before
    if (!pod) return
    for (const budget of this.#budgets.byIndex(BY_NAMESPACE, namespaceOf(pod))) {
      const { selector } = budget.spec ?? {}
      if ([before, after].some((one) => one && matchesSelector(selector, one.metadata.labels))) enqueue(keyOf(budget))
    }
  }

  async reconcile(key: string): Promise<Outcome> {
    const budget = this.#budgets.get(key)
    if (!budget) return done
    const counted = this.#parts.informers.for(pods).byIndex(BY_NAMESPACE, namespaceOf(budget)).filter((pod) => matchesSelector(budget.spec?.selector, pod.metadata.labels))
    const plan = planBudget({ budget, pods: counted, ownerOf: (pod) => this.#ownerOf(pod), nowMs: this.#parts.clock.nowMs() })
    const isNews = !deepEqual(plan.status as unknown as Json, (budget.status ?? {}) as unknown as Json)
    if (isNews) await this.#write(budget, plan, counted.length)
    return plan.againInMs === undefined ? done : again(plan.againInMs)
  }

  /** The one whose replicas the pod is: of a Deployment's ReplicaSet the Deployment. */
  #ownerOf(pod: Pod): PodOwner | undefined {
    const namespace = namespaceOf(pod)
    const controller = controllerOf(pod)
    const set = this.#find(replicaSets, namespace, controller)
    const deployment = set && this.#find(deployments, namespace, controllerOf(set))
    const owner = deployment ?? set ?? this.#find(replicationControllers, namespace, controller) ?? this.#find(statefulSets, namespace, controller)
    return owner && ownerWith(owner)
  }

  #find<T extends KubeObject>(resource: Resource<T>, namespace: string, owner: OwnerReference | undefined): T | undefined {
    if (owner?.kind !== resource.kind) return undefined
    const found = this.#parts.informers.for(resource).get(objectKey(namespace, owner.name))
    return found && uidOf(found) === owner.uid ? found : undefined
  }

  /** Compare-and-set: an eviction that was allowed meanwhile must not be forgotten. */
  async #write(budget: PodDisruptionBudget, plan: BudgetPlan, count: number): Promise<void> {
    this.#tellProblems(budget, plan, count)
    const written = await this.#parts.client.update(podDisruptionBudgets, { ...budget, status: plan.status }, { subresource: 'status' }).catch(ignoreMissing)
    if (written) this.#budgets.wrote(written)
  }

  #tellProblems(budget: PodDisruptionBudget, { failure, overdue, unmanaged }: BudgetPlan, count: number): void {
    if (count === 0) this.#tell(budget, { type: 'Normal', reason: 'NoPods', message: 'No matching pods found' })
    if (failure !== undefined) this.#tell(budget, { type: 'Warning', reason: 'CalculateExpectedPodCountFailed', message: `Failed to calculate the number of expected pods: ${failure}` })
    if (unmanaged.length > 0) this.#tell(budget, { type: 'Warning', reason: 'UnmanagedPods', message: `Pods selected by this PodDisruptionBudget (selector: ${printedLabelSelector(budget.spec?.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.` })
    const { namespace } = budget.metadata
    // Kubernetes names the namespace twice, and the budget not at all.
    const message = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`
    for (const pod of overdue) this.#parts.events.record(COMPONENT, referenceTo(pods, pod), { type: 'Warning', reason: 'NotDeleted', message })
  }

  #tell(budget: PodDisruptionBudget, what: Happening): void {
    this.#parts.events.record(COMPONENT, referenceTo(podDisruptionBudgets, budget), what)
  }
}
