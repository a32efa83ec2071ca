/** Judges nodes by their signs of life: conditions, taints, and the readiness of pods whose node is not ready. */
import type { NodeLiveness } from '../../dispatch/liveness-port.ts'
import type { Json } from '../../../shared/model/json.ts'
import type { Lease, Node, Pod } from '../../../shared/model/gen/api.ts'
import { nameOf, namespaceOf, uidOf } from '../../../shared/model/meta.ts'
import { leases, nodes, pods } from '../../../shared/model/resources.ts'
import { formatTime } from '../../../shared/model/time.ts'
import type { Informer } from '../../informers/port.ts'
import { ignoreMissing } from '../answers.ts'
import { again, done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { referenceTo } from '../events/recorder.ts'
import { fencedText, undecidedText } from '../../membership/words.ts'
import { OwnWrites } from '../own-writes.ts'
import { BY_NODE, byNode } from '../ownership/indexes.ts'
import { podCondition } from '../pod-control/pod-state.ts'
import { planNode, type Life, type NodePlan } from './plan.ts'
import { SignsOfLife } from './signs.ts'

const COMPONENT = 'node-controller'
const LEASE_NAMESPACE = 'kube-node-lease'

export function createNodeLifecycleController(parts: ControllerParts, liveness: NodeLiveness): Controller {
  const worker = new NodeLifecycleWorker(parts, liveness)
  return { name: 'nodelifecycle', workers: 4, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class NodeLifecycleWorker {
  readonly #parts: ControllerParts
  readonly #liveness: NodeLiveness
  readonly #nodes: OwnWrites<Node>
  readonly #pods: Informer<Pod>
  readonly #leases: Informer<Lease>
  readonly #signs = new SignsOfLife()
  readonly #known = new Set<string>()

  constructor(parts: ControllerParts, liveness: NodeLiveness) {
    this.#parts = parts
    this.#liveness = liveness
    this.#nodes = new OwnWrites(parts.informers.for(nodes))
    this.#pods = parts.informers.for(pods)
    this.#pods.addIndex(BY_NODE, byNode)
    this.#leases = parts.informers.for(leases)
  }

  start(enqueue: Enqueue): () => void {
    const stops = [
      this.#parts.informers.for(nodes).subscribe(({ key, after }) => (after ? enqueue(key) : this.#forget(key))),
      this.#leases.subscribe(({ after }) => after && namespaceOf(after) === LEASE_NAMESPACE && enqueue(nameOf(after))),
      this.#liveness.onChange((name) => enqueue(name)),
    ]
    return () => stops.forEach((stop) => stop())
  }

  #forget(name: string): void {
    this.#signs.forget(name)
    this.#known.delete(name)
  }

  async reconcile(name: string): Promise<Outcome> {
    const node = this.#nodes.get(name)
    if (!node) return done
    this.#greet(node)
    const plan = planNode({ node, life: this.#lifeOf(node), pods: this.#pods.byIndex(BY_NODE, name), nowMs: this.#parts.clock.nowMs() })
    // The taint first: it makes room for the pods' removal, and for nothing new on this node.
    await this.#writeMetadata(node, plan)
    await this.#writeConditions(node, plan)
    if (plan.hasFailed) this.#tell(node, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`)
    await Promise.all(plan.unready.map((pod) => this.#markUnready(pod)))
    return plan.againAfterMs === undefined ? done : again(plan.againAfterMs)
  }

  #lifeOf(node: Node): Life {
    const state = this.#liveness.stateOf(nameOf(node))
    if (state.kind === 'fenced') return { kind: 'fenced', atMs: state.atMs, words: fencedText(nameOf(node), state) }
    if (state.kind === 'silent' && state.undecided) return { kind: 'undecided', words: undecidedText(nameOf(node), state.undecided) }
    if (state.kind !== 'no-agent') return { kind: 'seen' }
    const lease = this.#leases.get(`${LEASE_NAMESPACE}/${nameOf(node)}`)
    return { kind: 'no-agent', heardMs: this.#signs.hear(nameOf(node), { node, lease, nowMs: this.#parts.clock.nowMs() }) }
  }

  #greet(node: Node): void {
    const name = nameOf(node)
    if (this.#known.has(name)) return
    this.#known.add(name)
    this.#tell(node, 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`)
  }

  async #writeConditions(node: Node, { conditions }: NodePlan): Promise<void> {
    if (conditions.length === 0) return
    const body = { metadata: { uid: uidOf(node) }, status: { conditions: conditions as unknown as Json } }
    this.#note(await this.#parts.client.patch(nodes, { name: nameOf(node) }, { type: 'strategic', subresource: 'status', body }).catch(ignoreMissing))
  }

  /** Taints are a list of everybody's: they are written only over the very version they were planned from. */
  async #writeMetadata(node: Node, { taints, labels, annotations }: NodePlan): Promise<void> {
    if (!taints && !labels && !annotations) return
    const resourceVersion = taints ? { resourceVersion: this.#nodes.get(nameOf(node))?.metadata.resourceVersion ?? '' } : {}
    const body = {
      metadata: { uid: uidOf(node), ...resourceVersion, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
      ...(taints ? { spec: { taints: taints.length > 0 ? (taints as unknown as Json) : null } } : {}),
    }
    this.#note(await this.#parts.client.patch(nodes, { name: nameOf(node) }, { type: 'merge', body }).catch(ignoreMissing))
  }

  #note(node: Node | undefined): void {
    if (node) this.#nodes.wrote(node)
  }

  async #markUnready(pod: Pod): Promise<void> {
    const ready = podCondition(pod, 'Ready')
    const condition = { ...ready, type: 'Ready', status: 'False', lastTransitionTime: formatTime(this.#parts.clock.nowMs()) }
    const at = { namespace: namespaceOf(pod), name: nameOf(pod) }
    const body = { metadata: { uid: uidOf(pod) }, status: { conditions: [condition] } } as unknown as Json
    const written = await this.#parts.client.patch(pods, at, { type: 'strategic', subresource: 'status', body }).catch(ignoreMissing)
    if (written) this.#parts.events.record(COMPONENT, referenceTo(pods, pod), { type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' })
  }

  #tell(node: Node, reason: string, message: string): void {
    this.#parts.events.record(COMPONENT, referenceTo(nodes, node), { type: 'Normal', reason, message })
  }
}
