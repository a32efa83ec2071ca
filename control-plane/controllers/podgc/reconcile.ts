/** Removes pods of nodes that do not exist any more, finished pods beyond a number, and terminating ones that never had a node. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import type { Pod } from '../../../shared/model/gen/api.ts'
import type { Json } from '../../../shared/model/json.ts'
import { nameOf, namespaceOf, uidOf } from '../../../shared/model/meta.ts'
import { staysWhenFenced } from '../../../shared/model/fenced-pods.ts'
import { nodes, pods } from '../../../shared/model/resources.ts'
import { formatTime } from '../../../shared/model/time.ts'
import type { Informer } from '../../informers/port.ts'
import type { NodeLiveness } from '../../dispatch/liveness-port.ts'
import { ignoreMissing } from '../answers.ts'
import { again, done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { BY_NODE, byNode } from '../ownership/indexes.ts'
import { isFinished } from '../pod-control/pod-state.ts'
import { isStrandedUnscheduled, MISSING_NODE_MS, surplusFinished } from './plan.ts'

const SWEEP = 'sweep'
const SWEEP_PERIOD_MS = 20_000
const UNDECIDED_AGAIN_MS = 500
const NODE = 'node:'
const POD = 'pod:'

export function createPodGcController(parts: ControllerParts, liveness: NodeLiveness): Controller {
  const worker = new PodGcWorker(parts, liveness)
  return { name: 'podgc', workers: 2, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class PodGcWorker {
  readonly #parts: ControllerParts
  readonly #liveness: NodeLiveness
  readonly #pods: Informer<Pod>
  readonly #missingSinceMs = new Map<string, number>()

  constructor(parts: ControllerParts, liveness: NodeLiveness) {
    this.#parts = parts
    this.#liveness = liveness
    this.#pods = parts.informers.for(pods)
    this.#pods.addIndex(BY_NODE, byNode)
  }

  start(enqueue: Enqueue): () => void {
    const shown = this.#parts.informers.for(nodes)
    const stops = [
      shown.subscribe(({ key, after }) => (after ? void this.#missingSinceMs.delete(key) : enqueue(`${NODE}${key}`))),
      this.#pods.subscribe(({ key, after }) => {
        if (!after) return
        if (isStrandedUnscheduled(after)) enqueue(`${POD}${key}`)
        const nodeName = after.spec?.nodeName
        if (nodeName && !shown.get(nodeName)) enqueue(`${NODE}${nodeName}`)
      }),
    ]
    stops.push(this.#liveness.onChange((name) => shown.get(name) === undefined && enqueue(`${NODE}${name}`)))
    enqueue(SWEEP)
    return () => stops.forEach((stop) => stop())
  }

  async reconcile(key: string): Promise<Outcome> {
    if (key.startsWith(NODE)) return this.#reconcileNode(key.slice(NODE.length))
    if (key.startsWith(POD)) {
      const pod = this.#pods.get(key.slice(POD.length))
      if (pod && isStrandedUnscheduled(pod)) await this.#remove(pod)
      return done
    }
    await Promise.all(surplusFinished(this.#pods.list()).map((pod) => this.#remove(pod)))
    return again(SWEEP_PERIOD_MS)
  }

  async #reconcileNode(name: string): Promise<Outcome> {
    const bound = this.#pods.byIndex(BY_NODE, name)
    if (this.#parts.informers.for(nodes).get(name) || bound.length === 0) {
      this.#missingSinceMs.delete(name)
      return done
    }
    const nowMs = this.#parts.clock.monotonicMs()
    const sinceMs = this.#missingSinceMs.get(name) ?? nowMs
    this.#missingSinceMs.set(name, sinceMs)
    const leftMs = sinceMs + MISSING_NODE_MS - nowMs
    const { kind } = this.#liveness.stateOf(name)
    if (leftMs > 0 && kind !== 'fenced') return again(leftMs)
    // Its object is gone, but its agent may live: it is given no right any more, and its pods are dead when that has ended.
    if (kind === 'seen' || kind === 'silent') return again(UNDECIDED_AGAIN_MS)
    if (await this.#parts.client.get(nodes, { name }).catch(ignoreMissing)) return again(MISSING_NODE_MS)
    // Of one that is given up nothing runs, but for those that tolerate it: there is nothing to wait for.
    const lost = leftMs > 0 ? bound.filter((pod) => !staysWhenFenced(pod)) : bound
    await Promise.all(lost.map((pod) => this.#fail(pod).then(() => this.#remove(pod))))
    return lost.length < bound.length ? again(leftMs) : done
  }

  /** Whoever looks at the last state of the pod shall see why it ended. */
  async #fail(pod: Pod): Promise<void> {
    const condition = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists', lastTransitionTime: formatTime(this.#parts.clock.nowMs()) }
    const status = { conditions: [condition], ...(isFinished(pod) ? {} : { phase: 'Failed' }) }
    const at = { namespace: namespaceOf(pod), name: nameOf(pod) }
    await this.#parts.client.patch(pods, at, { type: 'strategic', subresource: 'status', body: { metadata: { uid: uidOf(pod) }, status } satisfies Json }).catch(ignoreMissing)
  }

  async #remove(pod: Pod): Promise<void> {
    const at = { namespace: namespaceOf(pod), name: nameOf(pod) }
    await this.#parts.client.delete(pods, at, { gracePeriodSeconds: 0, preconditions: { uid: uidOf(pod) } }).catch((error: unknown) => {
      if (!isApiError(error, 'NotFound') && !isApiError(error, 'Conflict')) throw error
    })
  }
}
