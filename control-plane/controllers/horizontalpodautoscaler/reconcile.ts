/** Keeps what autoscalers scale within their bounds, and at the size that its use of processors and memory asks for, where that is measured. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import { mergeDiff } from '../../../shared/model/merge-diff.ts'
import type { AutoscalingV2HorizontalPodAutoscaler, LabelSelector, Pod } from '../../../shared/model/gen/api.ts'
import { matchesSelector } from '../../../shared/model/label-selector.ts'
import { nameOf, namespaceOf, type KubeObject, uidOf } from '../../../shared/model/meta.ts'
import { deployments, horizontalPodAutoscalers, pods, replicaSets, replicationControllers, type Resource, statefulSets } from '../../../shared/model/resources.ts'
import { ignoreMissing } from '../answers.ts'
import { again, done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { referenceTo, type Happening } from '../events/recorder.ts'
import { BY_NAMESPACE, byNamespace } from '../ownership/indexes.ts'
import type { History } from './pace.ts'
import { planAutoscaler, type AutoscalerPlan, type Target } from './plan.ts'
import type { Seen } from './proposal.ts'

const COMPONENT = 'horizontal-pod-autoscaler'
const PERIOD_MS = 15_000

interface Scalable extends KubeObject {
  readonly spec?: { readonly replicas?: number | undefined; /** Labels alone, of a ReplicationController. */ readonly selector?: LabelSelector | Readonly<Record<string, string>> | undefined } | undefined
}

/** What pods use, by uid; undefined where no metrics are served. */
export type MeasurePods = (of: readonly Pod[]) => Promise<Seen['usage'] | undefined>

/** What can be scaled. */
const scalable: ReadonlyArray<Resource<Scalable>> = [deployments, replicaSets, statefulSets, replicationControllers] as unknown as ReadonlyArray<Resource<Scalable>>

export function createAutoscalerController(parts: ControllerParts, measure: MeasurePods = () => Promise.resolve(undefined)): Controller {
  const worker = new AutoscalerWorker(parts, measure)
  return { name: 'horizontalpodautoscaler', workers: 2, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class AutoscalerWorker {
  readonly #parts: ControllerParts
  readonly #measure: MeasurePods
  /** By key. */
  readonly #histories = new Map<string, History>()

  constructor(parts: ControllerParts, measure: MeasurePods) {
    this.#parts = parts
    this.#measure = measure
    parts.informers.for(horizontalPodAutoscalers)
    parts.informers.for(pods).addIndex(BY_NAMESPACE, byNamespace)
  }

  /** Its own writes do not wake it: it looks again after its period, or when somebody wants something else of it. */
  start(enqueue: Enqueue): () => void {
    return this.#parts.informers.for(horizontalPodAutoscalers).subscribe(({ key, before, after }) => {
      if (after && (!before || mergeDiff(before.spec, after.spec))) enqueue(key)
    })
  }

  async reconcile(key: string): Promise<Outcome> {
    const autoscaler = this.#parts.informers.for(horizontalPodAutoscalers).get(key)
    if (!autoscaler) {
      this.#histories.delete(key)
      return done
    }
    const resource = this.#resourceOf(autoscaler)
    const target = await this.#targetOf(autoscaler, resource)
    const plan = planAutoscaler(autoscaler, target, { nowMs: this.#parts.clock.nowMs(), before: this.#histories.get(key) })
    if (resource && plan.rescale) await this.#rescale(autoscaler, resource, plan.rescale)
    this.#histories.set(key, plan.history)
    if (plan.problem) this.#tell(autoscaler, { type: 'Warning', ...plan.problem })
    await this.#writeStatus(autoscaler, plan)
    return again(PERIOD_MS)
  }

  #resourceOf({ spec }: AutoscalingV2HorizontalPodAutoscaler): Resource<Scalable> | undefined {
    const { kind, apiVersion = '' } = spec.scaleTargetRef
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
    return scalable.find((one) => one.kind === kind && one.group === group)
  }

  async #targetOf(autoscaler: AutoscalingV2HorizontalPodAutoscaler, resource: Resource<Scalable> | undefined): Promise<Target> {
    const { kind, apiVersion = '', name } = autoscaler.spec.scaleTargetRef
    if (!resource) return { kind: 'missing', message: `no matches for kind "${kind}" in group "${apiVersion.split('/')[0] ?? ''}"` }
    try {
      const object = await this.#parts.client.get(resource, { namespace: namespaceOf(autoscaler), name })
      return { kind: 'found', replicas: object.spec?.replicas ?? 0, measured: await this.#measured(object) }
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error
      return { kind: 'missing', message: messageOf(error) }
    }
  }

  async #measured(object: Scalable): Promise<Pick<Seen, 'pods' | 'usage'> | undefined> {
    const { selector } = object.spec ?? {}
    const labels = selector === undefined || 'matchLabels' in selector || 'matchExpressions' in selector ? selector : { matchLabels: selector as Readonly<Record<string, string>> }
    const selected = this.#parts.informers.for(pods).byIndex(BY_NAMESPACE, namespaceOf(object)).filter((pod) => matchesSelector(labels as LabelSelector | undefined, pod.metadata.labels))
    const usage = await this.#measure(selected)
    return usage && { pods: selected, usage }
  }

  async #rescale(autoscaler: AutoscalingV2HorizontalPodAutoscaler, resource: Resource<Scalable>, { replicas, reason }: NonNullable<AutoscalerPlan['rescale']>): Promise<void> {
    await this.#parts.client.patch(resource, { namespace: namespaceOf(autoscaler), name: autoscaler.spec.scaleTargetRef.name }, { type: 'merge', body: { spec: { replicas } } })
    this.#tell(autoscaler, { type: 'Normal', reason: 'SuccessfulRescale', message: `New size: ${replicas}; reason: ${reason}` })
  }

  async #writeStatus(autoscaler: AutoscalingV2HorizontalPodAutoscaler, plan: AutoscalerPlan): Promise<void> {
    const status = mergeDiff(autoscaler.status, plan.status)
    if (!status) return
    const at = { namespace: namespaceOf(autoscaler), name: nameOf(autoscaler) }
    await this.#parts.client.patch(horizontalPodAutoscalers, at, { type: 'merge', subresource: 'status', body: { metadata: { uid: uidOf(autoscaler) }, status } }).catch(ignoreMissing)
  }

  #tell(autoscaler: AutoscalingV2HorizontalPodAutoscaler, what: Happening): void {
    this.#parts.events.record(COMPONENT, referenceTo(horizontalPodAutoscalers, autoscaler), what)
  }
}
