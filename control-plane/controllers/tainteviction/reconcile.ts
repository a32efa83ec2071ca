/** Makes pods leave nodes with NoExecute taints they do not tolerate (any longer). */
import { isApiError } from '../../../shared/kit/api-error.ts'
import type { Json } from '../../../shared/model/json.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import type { Node, Pod, Taint } from '../../../shared/model/gen/api.ts'
import { keyOf, nameOf, namespaceOf, uidOf } from '../../../shared/model/meta.ts'
import { nodes, pods } from '../../../shared/model/resources.ts'
import { formatTime } from '../../../shared/model/time.ts'
import type { Change, Informer } from '../../informers/port.ts'
import { ignoreMissing } from '../answers.ts'
import { again, done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { referenceTo } from '../events/recorder.ts'
import { BY_NODE, byNode } from '../ownership/indexes.ts'
import type { NodeLiveness } from '../../dispatch/liveness-port.ts'
import { planEviction, type Eviction } from './plan.ts'
import { Replacements } from './replacements.ts'

const COMPONENT = 'taint-eviction-controller'

export function createTaintEvictionController(parts: ControllerParts, liveness: NodeLiveness): Controller {
  const worker = new TaintEvictionWorker(parts, liveness)
  return { name: 'tainteviction', workers: 8, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class TaintEvictionWorker {
  readonly #parts: ControllerParts
  readonly #liveness: NodeLiveness
  readonly #replacements: Replacements
  readonly #pods: Informer<Pod>
  readonly #nodes: Informer<Node>
  /** By node, then by taint. */
  readonly #seenMs = new Map<string, Map<string, number>>()

  constructor(parts: ControllerParts, liveness: NodeLiveness) {
    this.#parts = parts
    this.#liveness = liveness
    this.#replacements = new Replacements(parts)
    this.#pods = parts.informers.for(pods)
    this.#pods.addIndex(BY_NODE, byNode)
    this.#nodes = parts.informers.for(nodes)
  }

  start(enqueue: Enqueue): () => void {
    const stops = [
      this.#nodes.subscribe((change) => this.#nodeChanged(change, enqueue)),
      this.#liveness.onChange((name) => {
        if (this.#isTainted(name)) for (const pod of this.#pods.byIndex(BY_NODE, name)) enqueue(keyOf(pod))
      }),
      this.#pods.subscribe((change) => this.#replacements.look(change)),
      this.#pods.subscribe(({ key, before, after }) => {
        if (after?.spec?.nodeName && (before?.spec?.nodeName === undefined || !deepEqual(before.spec.tolerations, after.spec.tolerations)) && this.#isTainted(after.spec.nodeName)) enqueue(key)
      }),
    ]
    return () => stops.forEach((stop) => stop())
  }

  #isTainted(nodeName: string): boolean {
    return (this.#seenMs.get(nodeName)?.size ?? 0) > 0
  }

  #nodeChanged({ key, before, after }: Change<Node>, enqueue: Enqueue): void {
    const taints = noExecute(after)
    if (taints.length === 0) return void this.#seenMs.delete(key)
    const known = this.#seenMs.get(key)
    const nowMs = this.#parts.clock.nowMs()
    this.#seenMs.set(key, new Map(taints.map((taint) => [textOf(taint), known?.get(textOf(taint)) ?? nowMs])))
    if (before && deepEqual(noExecute(before), taints) && readyOf(before) === readyOf(after)) return
    for (const pod of this.#pods.byIndex(BY_NODE, key)) enqueue(keyOf(pod))
  }

  async reconcile(key: string): Promise<Outcome> {
    const pod = this.#pods.get(key)
    const node = pod && this.#nodes.get(pod.spec?.nodeName ?? '')
    if (!pod || !node) return done
    const nowMs = this.#parts.clock.nowMs()
    const seen = this.#seenMs.get(nameOf(node))
    const plan = planEviction({ pod, node, life: this.#liveness.stateOf(nameOf(node)).kind, seenMs: (taint) => seen?.get(textOf(taint)) ?? nowMs, nowMs })
    if (plan.kind === 'stay') return done
    if (plan.kind === 'leave' && plan.inMs > 0) return again(plan.inMs)
    await this.#evict(pod, plan)
    return done
  }

  async #evict(pod: Pod, plan: Eviction): Promise<void> {
    const { client, clock, events } = this.#parts
    const at = { namespace: namespaceOf(pod), name: nameOf(pod) }
    if (pod.metadata.deletionTimestamp === undefined) {
      const node = this.#nodes.get(pod.spec?.nodeName ?? '')
      events.record(COMPONENT, referenceTo(pods, pod), { type: 'Normal', reason: 'TaintManagerEviction', message: `Marking for deletion Pod ${keyOf(pod)}`, related: node && referenceTo(nodes, node) })
      const condition = {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByTaintManager',
        message: 'Taint manager: deleting due to NoExecute taint',
        lastTransitionTime: formatTime(clock.nowMs()),
        ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
      }
      const body = { metadata: { uid: uidOf(pod) }, status: { conditions: [condition] } } satisfies Json
      await client.patch(pods, at, { type: 'strategic', subresource: 'status', body }).catch(ignoreMissing)
    }
    const state = this.#liveness.stateOf(pod.spec?.nodeName ?? '')
    // The node may be back since: then it is asked, as ever.
    const isDead = state.kind === 'fenced' || state.kind === 'no-agent'
    if (plan.kind === 'remove' && state.kind === 'fenced') this.#replacements.expect(pod, state.atMs)
    const grace = plan.kind === 'remove' && isDead ? { gracePeriodSeconds: 0 } : {}
    await client.delete(pods, at, { ...grace, preconditions: { uid: uidOf(pod) } }).catch((error: unknown) => {
      if (!isApiError(error, 'NotFound') && !isApiError(error, 'Conflict')) throw error
    })
  }
}

const noExecute = (node: Node | undefined): readonly Taint[] => (node?.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
const readyOf = (node: Node | undefined): string | undefined => node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status
const textOf = ({ key, value }: Taint): string => `${key}=${value ?? ''}`
