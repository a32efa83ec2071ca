/** Keeps the EndpointSlices of every Service with a selector. */
import { deepEqual } from '../../../shared/model/json.ts'
import { matchesLabels } from '../../../shared/model/label-selector.ts'
import { isTerminating, keyOf, nameOf, namespaceOf, objectKey, uidOf } from '../../../shared/model/meta.ts'
import type { EndpointSlice, Node, Pod, Service } from '../../../shared/model/gen/api.ts'
import { endpointSlices, nodes, pods, services } from '../../../shared/model/resources.ts'
import type { Change, Informer } from '../../informers/port.ts'
import { ignoreMissing, ignoreOvertaken } from '../answers.ts'
import { done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { OwnWrites } from '../own-writes.ts'
import { paced } from '../pacing.ts'
import { BY_NAMESPACE, byNamespace, BY_NODE, byNode } from '../ownership/indexes.ts'
import { isFinished, isReady } from '../pod-control/pod-state.ts'
import { TriggerTimes } from '../pod-control/trigger-time.ts'
import { isBehind, ZONE_LABEL } from './endpoints.ts'
import { isManaged, MANAGED_BY, MANAGER, planSlices, SERVICE_NAME } from './plan.ts'

/** Many pods of a service often change together: so they cost few writes, each of which goes to every node. */
const GAP_MS = 10

const BY_SERVICE = 'service'
/** `namespace/service` of a slice that this controller made. */
const byService = (slice: EndpointSlice): readonly string[] => {
  const { [MANAGED_BY]: manager, [SERVICE_NAME]: service } = slice.metadata.labels ?? {}
  return manager === MANAGER && service !== undefined ? [objectKey(namespaceOf(slice), service)] : []
}

export function createEndpointSliceController(parts: ControllerParts): Controller {
  const worker = new EndpointSliceWorker(parts)
  return { name: 'endpointslice', workers: 4, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class EndpointSliceWorker {
  readonly #parts: ControllerParts
  readonly #services: Informer<Service>
  readonly #pods: Informer<Pod>
  readonly #nodes: Informer<Node>
  readonly #slices: OwnWrites<EndpointSlice>
  readonly #triggers = new TriggerTimes()

  constructor(parts: ControllerParts) {
    this.#parts = parts
    this.#services = parts.informers.for(services)
    this.#services.addIndex(BY_NAMESPACE, byNamespace)
    this.#pods = parts.informers.for(pods)
    this.#pods.addIndex(BY_NAMESPACE, byNamespace)
    this.#pods.addIndex(BY_NODE, byNode)
    this.#nodes = parts.informers.for(nodes)
    this.#slices = new OwnWrites(parts.informers.for(endpointSlices))
    this.#slices.addIndex(BY_SERVICE, byService)
  }

  start(enqueue: Enqueue): () => void {
    const soon = paced(enqueue, this.#parts.clock, GAP_MS)
    const stops = [
      this.#services.subscribe(({ key, after }) => (after ? enqueue(key) : this.#triggers.forget(key))),
      this.#pods.subscribe((change) => this.#podChanged(change, soon)),
      this.#nodes.subscribe((change) => this.#nodeChanged(change, soon)),
      this.#parts.informers.for(endpointSlices).subscribe(({ before, after }) => {
        for (const slice of [before, after]) if (slice) for (const key of byService(slice)) soon(key)
      }),
    ]
    return () => stops.forEach((stop) => stop())
  }

  #podChanged({ before, after }: Change<Pod>, enqueue: Enqueue): void {
    const pod = after ?? before
    if (!pod || (before && after && looksTheSame(before, after))) return
    if (![before, after].some((one) => one && isBehind(one))) return
    for (const service of this.#services.byIndex(BY_NAMESPACE, namespaceOf(pod))) if ([before, after].some((one) => one && isSelected(service, one))) enqueue(keyOf(service))
  }

  /** A node's zone is in its pods' endpoints, and pods of a node that is not there are in none. */
  #nodeChanged({ key, before, after }: Change<Node>, enqueue: Enqueue): void {
    if (before && after && before.metadata.labels?.[ZONE_LABEL] === after.metadata.labels?.[ZONE_LABEL]) return
    for (const pod of this.#pods.byIndex(BY_NODE, key)) this.#podChanged({ key: keyOf(pod), after: pod }, enqueue)
  }

  async reconcile(key: string): Promise<Outcome> {
    const service = this.#services.get(key)
    if (!service || !isManaged(service)) return done
    const slices = this.#slices.byIndex(BY_SERVICE, key).filter((slice) => !isTerminating(slice))
    const selected = this.#pods.byIndex(BY_NAMESPACE, namespaceOf(service)).filter((pod) => isSelected(service, pod))
    const plan = planSlices({ service, pods: selected, nodeOf: (name) => this.#nodes.get(name), slices, triggeredAt: this.#triggers.look(service, selected) })
    const { client } = this.#parts
    // With a service that is going its slices are removed: a new one would come after that.
    for (const slice of isTerminating(service) ? [] : plan.create) this.#note(await client.create(endpointSlices, slice).catch(ignoreOvertaken))
    for (const slice of plan.update) this.#note(await client.update(endpointSlices, slice))
    for (const slice of plan.remove) {
      await client.delete(endpointSlices, { namespace: namespaceOf(slice), name: nameOf(slice) }, { preconditions: { uid: uidOf(slice) } }).catch(ignoreMissing)
      this.#slices.deleted(slice)
    }
    return done
  }

  #note(slice: EndpointSlice | undefined): void {
    if (slice) this.#slices.wrote(slice)
  }
}

const isSelected = (service: Service, pod: Pod): boolean => isManaged(service) && matchesLabels(service.spec?.selector, pod.metadata.labels)

/** As far as endpoints show it. */
function looksTheSame(before: Pod, after: Pod): boolean {
  return (
    isReady(before) === isReady(after) &&
    isTerminating(before) === isTerminating(after) &&
    isFinished(before) === isFinished(after) &&
    before.spec?.nodeName === after.spec?.nodeName &&
    before.status?.podIP === after.status?.podIP &&
    deepEqual(before.status?.podIPs, after.status?.podIPs) &&
    deepEqual(before.metadata.labels, after.metadata.labels)
  )
}
