/** Keeps the legacy Endpoints of every Service with a selector, and of the API servers. */
import type { Endpoints, EndpointSlice, Pod, Service } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { matchesLabels } from '../../../shared/model/label-selector.ts'
import { isTerminating, keyOf, namespaceOf, splitKey } from '../../../shared/model/meta.ts'
import { endpoints, endpointSlices, pods, services } from '../../../shared/model/resources.ts'
import type { Change, Informer } from '../../informers/port.ts'
import { ignoreMissing, ignoreOvertaken } from '../answers.ts'
import { done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { OwnWrites } from '../own-writes.ts'
import { BY_NAMESPACE, byNamespace } from '../ownership/indexes.ts'
import { paced } from '../pacing.ts'
import { isFinished, isReady } from '../pod-control/pod-state.ts'
import { TriggerTimes } from '../pod-control/trigger-time.ts'
import { hasOwnEndpoints, isMade, planApiEndpoints, planEndpoints, type EndpointsStep } from './plan.ts'

/** Hardly anybody reads them: many changes may cost few writes. */
const GAP_MS = 100
const API = 'default/kubernetes'

export function createEndpointsController(parts: ControllerParts): Controller {
  const worker = new EndpointsWorker(parts)
  return { name: 'endpoints', workers: 2, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class EndpointsWorker {
  readonly #parts: ControllerParts
  readonly #services: Informer<Service>
  readonly #pods: Informer<Pod>
  readonly #slices: Informer<EndpointSlice>
  readonly #endpoints: OwnWrites<Endpoints>
  /** Keys of services whose end was seen. */
  readonly #bereft = new Set<string>()
  readonly #triggers = new TriggerTimes()

  constructor(parts: ControllerParts) {
    this.#parts = parts
    this.#services = parts.informers.for(services)
    this.#services.addIndex(BY_NAMESPACE, byNamespace)
    this.#pods = parts.informers.for(pods)
    this.#pods.addIndex(BY_NAMESPACE, byNamespace)
    this.#slices = parts.informers.for(endpointSlices)
    this.#endpoints = new OwnWrites(parts.informers.for(endpoints))
  }

  start(enqueue: Enqueue): () => void {
    const soon = paced(enqueue, this.#parts.clock, GAP_MS)
    const stops = [
      this.#services.subscribe(({ key, after }) => {
        if (after) this.#bereft.delete(key)
        else if (this.#endpoints.get(key)) this.#bereft.add(key)
        soon(key)
      }),
      this.#pods.subscribe((change) => this.#podChanged(change, soon)),
      this.#slices.subscribe(({ key }) => key === API && soon(key)),
      this.#parts.informers.for(endpoints).subscribe(({ key, before, after }) => (before || (after && this.#isLeftOver(key, after))) && soon(key)),
    ]
    return () => stops.forEach((stop) => stop())
  }

  /** A control plane may end after a service is deleted and before its Endpoints are: the next one finds them at its start. */
  #isLeftOver(key: string, found: Endpoints): boolean {
    return isMade(found) && !this.#services.get(key)
  }

  #podChanged({ before, after }: Change<Pod>, enqueue: (key: string) => void): void {
    const pod = after ?? before
    if (!pod || (before && after && looksTheSame(before, after))) return
    for (const service of this.#services.byIndex(BY_NAMESPACE, namespaceOf(pod))) if ([before, after].some((one) => one && isSelected(service, one))) enqueue(keyOf(service))
  }

  async reconcile(key: string): Promise<Outcome> {
    const service = this.#services.get(key)
    const existing = this.#endpoints.get(key)
    if (!service) {
      this.#triggers.forget(key)
      return this.#remove(key, existing)
    }
    if (isTerminating(service)) return done
    const step = this.#plan(service, existing)
    const { client } = this.#parts
    if (step?.kind === 'create') this.#note(await client.create(endpoints, step.endpoints).catch(ignoreOvertaken))
    if (step?.kind === 'update') this.#note(await client.update(endpoints, step.endpoints))
    return done
  }

  #plan(service: Service, existing: Endpoints | undefined): EndpointsStep | undefined {
    const key = keyOf(service)
    if (hasOwnEndpoints(service)) {
      const selected = this.#pods.byIndex(BY_NAMESPACE, namespaceOf(service)).filter((pod) => isSelected(service, pod))
      return planEndpoints({ service, pods: selected, existing, triggeredAt: this.#triggers.look(service, selected) })
    }
    const slice = key === API ? this.#slices.get(key) : undefined
    return slice && planApiEndpoints({ service, slice, existing })
  }

  /** What a service leaves goes with it. Endpoints that have a name in common with no service are somebody's own. */
  async #remove(key: string, existing: Endpoints | undefined): Promise<Outcome> {
    if (!existing || !(isMade(existing) || this.#bereft.has(key))) return done
    await this.#parts.client.delete(endpoints, splitKey(key), { preconditions: { uid: existing.metadata.uid } }).catch(ignoreMissing)
    this.#endpoints.deleted(existing)
    this.#bereft.delete(key)
    return done
  }

  #note(object: Endpoints | undefined): void {
    if (object) this.#endpoints.wrote(object)
  }
}

const isSelected = (service: Service, pod: Pod): boolean => hasOwnEndpoints(service) && matchesLabels(service.spec?.selector, pod.metadata.labels)

/** As far as endpoints show it. */
const looksTheSame = (before: Pod, after: Pod): boolean =>
  isReady(before) === isReady(after) &&
  isTerminating(before) === isTerminating(after) &&
  isFinished(before) === isFinished(after) &&
  before.spec?.nodeName === after.spec?.nodeName &&
  before.status?.podIP === after.status?.podIP &&
  deepEqual(before.status?.podIPs, after.status?.podIPs) &&
  deepEqual(before.metadata.labels, after.metadata.labels)
