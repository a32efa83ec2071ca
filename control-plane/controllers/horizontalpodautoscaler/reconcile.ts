/** Keeps what autoscalers scale within their bounds. No metrics are served, so that nothing else can be said of the right size. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import { mergeDiff } from '../../../shared/model/merge-diff.ts'
import type { AutoscalingV2HorizontalPodAutoscaler } from '../../../shared/model/gen/api.ts'
import { nameOf, namespaceOf, type KubeObject, uidOf } from '../../../shared/model/meta.ts'
import { deployments, horizontalPodAutoscalers, replicaSets, replicationControllers, type Resource, statefulSets } from '../../../shared/model/resources.ts'
import { ignoreMissing } from '../answers.ts'
import { again, done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { referenceTo, type Happening } from '../events/recorder.ts'
import { planAutoscaler, type AutoscalerPlan, type Target } from './plan.ts'

const COMPONENT = 'horizontal-pod-autoscaler'
const PERIOD_MS = 15_000

interface Scalable extends KubeObject {
  readonly spec?: { readonly replicas?: number | undefined } | undefined
}

/** What can be scaled. */
const scalable: ReadonlyArray<Resource<Scalable>> = [deployments, replicaSets, statefulSets, replicationControllers] as unknown as ReadonlyArray<Resource<Scalable>>

export function createAutoscalerController(parts: ControllerParts): Controller {
  const worker = new AutoscalerWorker(parts)
  return { name: 'horizontalpodautoscaler', workers: 2, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class AutoscalerWorker {
  readonly #parts: ControllerParts

  constructor(parts: ControllerParts) {
    this.#parts = parts
    parts.informers.for(horizontalPodAutoscalers)
  }

  /** Its own writes do not wake it: it looks again after its period, or when somebody wants something else of it. */
  start(enqueue: Enqueue): () => void {
    return this.#parts.informers.for(horizontalPodAutoscalers).subscribe(({ key, before, after }) => {
      if (after && (!before || mergeDiff(before.spec, after.spec))) enqueue(key)
    })
  }

  async reconcile(key: string): Promise<Outcome> {
    const autoscaler = this.#parts.informers.for(horizontalPodAutoscalers).get(key)
    if (!autoscaler) return done
    const resource = this.#resourceOf(autoscaler)
    const target = await this.#targetOf(autoscaler, resource)
    const plan = planAutoscaler(autoscaler, target, this.#parts.clock.nowMs())
    if (resource && plan.rescale) await this.#rescale(autoscaler, resource, plan.rescale)
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
      return { kind: 'found', replicas: object.spec?.replicas ?? 0 }
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error
      return { kind: 'missing', message: messageOf(error) }
    }
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
