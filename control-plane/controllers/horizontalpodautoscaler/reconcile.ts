/** Keeps what autoscalers scale within their bounds, and at the size that its use of processors and memory asks for, where that is measured. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import { mergeDiff } from '../../../shared/model/merge-diff.ts'
import type { AutoscalingV2HorizontalPodAutoscaler, LabelSelector, Pod } from '../../../shared/model/gen/api.ts'
import { matchesSelector } from '../../../shared/model/label-selector.ts'
import { formatLabelSelector } from '../../../shared/model/selectors.ts'
import { nameOf, namespaceOf, type KubeObject, uidOf } from '../../../shared/model/meta.ts'
import { daemonSets, deployments, horizontalPodAutoscalers, jobs, pods, replicaSets, replicationControllers, type Resource, statefulSets } from '../../../shared/model/resources.ts'
import { ignoreMissing } from '../answers.ts'
import { again, done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { referenceTo, type Happening } from '../events/recorder.ts'
import { BY_NAMESPACE, byNamespace } from '../ownership/indexes.ts'
import type { History } from './pace.ts'
import { planAutoscaler, unscaledStatus, type AutoscalerPlan, type Target } from './plan.ts'
import type { Seen } from './proposal.ts'

const COMPONENT = 'horizontal-pod-autoscaler'
const PERIOD_MS = 15_000

interface Scalable extends KubeObject {
  readonly spec?: { readonly replicas?: number | undefined; /** Labels alone, of a ReplicationController. */ readonly selector?: LabelSelector | Readonly<Record<string, string>> | undefined } | undefined
}

/** The pods of what is scaled. */
interface Selection {
  readonly namespace: string
  readonly selector: LabelSelector | undefined
}

interface Scaled {
  readonly replicas: number
  readonly selection: Selection
}

/** What pods use, by uid; undefined where no metrics are served. */
export type MeasurePods = (of: readonly Pod[]) => Promise<Seen['usage'] | undefined>

/** What can be scaled. */
const scalable: ReadonlyArray<Resource<Scalable>> = [deployments, replicaSets, statefulSets, replicationControllers] as unknown as ReadonlyArray<Resource<Scalable>>

/** What is there, and has no scale. */
const unscalable: readonly Resource[] = [daemonSets, jobs]

export function createAutoscalerController(parts: ControllerParts, measure: MeasurePods = () => Promise.resolve(undefined)): Controller {
  const worker = new AutoscalerWorker(parts, measure)
  return { name: 'horizontalpodautoscaler', workers: 2, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class AutoscalerWorker {
  readonly #parts: ControllerParts
  readonly #measure: MeasurePods
  /** By key. */
  readonly #histories = new Map<string, History>()
  /** Whose pods an autoscaler goes by, by its key. */
  readonly #selections = new Map<string, Selection>()

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
      this.#selections.delete(key)
      return done
    }
    const resource = this.#resourceOf(autoscaler, scalable)
    const found = await this.#targetOf(autoscaler, resource)
    const target = await this.#seen(key, found)
    const plan = planAutoscaler(autoscaler, target, { nowMs: this.#parts.clock.nowMs(), before: this.#histories.get(key) })
    if ('selection' in found && plan.selects) this.#selections.set(key, found.selection)
    const refusal = resource && plan.rescale ? await this.#rescale(autoscaler, resource, plan.rescale) : undefined
    this.#histories.set(key, refusal === undefined ? (plan.rescale?.history ?? plan.history) : plan.history)
    for (const problem of plan.problems) this.#tell(autoscaler, { type: 'Warning', ...problem })
    await this.#writeStatus(autoscaler, refusal === undefined ? plan.status : unscaledStatus(autoscaler, plan, { message: refusal, nowMs: this.#parts.clock.nowMs() }))
    return again(PERIOD_MS)
  }

  /** The group decides, whatever version of it is named. */
  #resourceOf<R extends Resource>({ spec }: AutoscalingV2HorizontalPodAutoscaler, among: readonly R[]): R | undefined {
    const { kind, apiVersion = '' } = spec.scaleTargetRef
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
    return among.find((one) => one.kind === kind && one.group === group)
  }

  async #targetOf(autoscaler: AutoscalingV2HorizontalPodAutoscaler, resource: Resource<Scalable> | undefined): Promise<Extract<Target, { readonly kind: 'missing' }> | Scaled> {
    const { kind, apiVersion = '', name } = autoscaler.spec.scaleTargetRef
    if (!resource && this.#resourceOf(autoscaler, unscalable)) return { kind: 'missing', message: 'the server could not find the requested resource' }
    if (!resource) return { kind: 'missing', message: `no matches for kind "${kind}" in group "${apiVersion.split('/')[0] ?? ''}"` }
    try {
      const { spec } = await this.#parts.client.get(resource, { namespace: namespaceOf(autoscaler), name })
      const { selector } = spec ?? {}
      const labels = selector === undefined || 'matchLabels' in selector || 'matchExpressions' in selector ? selector : { matchLabels: selector as Readonly<Record<string, string>> }
      return { replicas: spec?.replicas ?? 0, selection: { namespace: namespaceOf(autoscaler), selector: labels as LabelSelector | undefined } }
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error
      return { kind: 'missing', message: messageOf(error) }
    }
  }

  /** With its pods, what they use, and who else goes by them. */
  async #seen(key: string, found: Extract<Target, { readonly kind: 'missing' }> | Scaled): Promise<Target> {
    if ('kind' in found) return found
    const { replicas, selection } = found
    const selected = this.#parts.informers.for(pods).byIndex(BY_NAMESPACE, selection.namespace).filter((pod) => matchesSelector(selection.selector, pod.metadata.labels))
    const rivals = [...this.#selections].filter(([other, one]) => other !== key && one.namespace === selection.namespace && selected.some((pod) => matchesSelector(one.selector, pod.metadata.labels))).map(([other]) => other)
    const usage = rivals.length > 0 ? undefined : await this.#measure(selected)
    return { kind: 'found', replicas, selector: formatLabelSelector(selection.selector), rivals, measured: usage && { pods: selected, usage } }
  }

  /** Answers why the size was refused, if it was. */
  async #rescale(autoscaler: AutoscalingV2HorizontalPodAutoscaler, resource: Resource<Scalable>, { replicas, reason }: NonNullable<AutoscalerPlan['rescale']>): Promise<string | undefined> {
    const told = `New size: ${replicas}; reason: ${reason}`
    try {
      await this.#parts.client.patch(resource, { namespace: namespaceOf(autoscaler), name: autoscaler.spec.scaleTargetRef.name }, { type: 'merge', body: { spec: { replicas } } })
    } catch (error) {
      this.#tell(autoscaler, { type: 'Warning', reason: 'FailedRescale', message: `${told}; error: ${messageOf(error)}` })
      return messageOf(error)
    }
    this.#tell(autoscaler, { type: 'Normal', reason: 'SuccessfulRescale', message: told })
    return undefined
  }

  async #writeStatus(autoscaler: AutoscalingV2HorizontalPodAutoscaler, wanted: AutoscalerPlan['status']): Promise<void> {
    const status = mergeDiff(autoscaler.status, wanted)
    if (!status) return
    const at = { namespace: namespaceOf(autoscaler), name: nameOf(autoscaler) }
    await this.#parts.client.patch(horizontalPodAutoscalers, at, { type: 'merge', subresource: 'status', body: { metadata: { uid: uidOf(autoscaler) }, status } }).catch(ignoreMissing)
  }

  #tell(autoscaler: AutoscalingV2HorizontalPodAutoscaler, what: Happening): void {
    this.#parts.events.record(COMPONENT, referenceTo(horizontalPodAutoscalers, autoscaler), what)
  }
}
