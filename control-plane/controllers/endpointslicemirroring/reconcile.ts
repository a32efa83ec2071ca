/** Endpoints that people make for services without a selector become slices, which is what nodes read. */
import type { Endpoints, EndpointSlice, Service } from '../../../shared/model/gen/api.ts'
import { isTerminating, nameOf, namespaceOf, objectKey, uidOf } from '../../../shared/model/meta.ts'
import { endpoints, endpointSlices, services } from '../../../shared/model/resources.ts'
import type { Informer } from '../../informers/port.ts'
import { ignoreMissing, ignoreOvertaken } from '../answers.ts'
import { done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { OwnWrites } from '../own-writes.ts'
import { MANAGED_BY, MANAGER, planMirror, SERVICE_NAME } from './plan.ts'

const BY_ENDPOINTS = 'endpoints'
const byEndpoints = (slice: EndpointSlice): readonly string[] => {
  const { [MANAGED_BY]: manager, [SERVICE_NAME]: name } = slice.metadata.labels ?? {}
  return manager === MANAGER && name !== undefined ? [objectKey(namespaceOf(slice), name)] : []
}

export function createEndpointSliceMirroringController(parts: ControllerParts): Controller {
  const worker = new MirroringWorker(parts)
  return { name: 'endpointslicemirroring', workers: 2, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class MirroringWorker {
  readonly #parts: ControllerParts
  readonly #endpoints: Informer<Endpoints>
  readonly #services: Informer<Service>
  readonly #slices: OwnWrites<EndpointSlice>

  constructor(parts: ControllerParts) {
    this.#parts = parts
    this.#endpoints = parts.informers.for(endpoints)
    this.#services = parts.informers.for(services)
    this.#slices = new OwnWrites(parts.informers.for(endpointSlices))
    this.#slices.addIndex(BY_ENDPOINTS, byEndpoints)
  }

  start(enqueue: Enqueue): () => void {
    const stops = [
      this.#endpoints.subscribe(({ key }) => enqueue(key)),
      // Most services have no Endpoints that are mirrored.
      this.#services.subscribe(({ key }) => (this.#endpoints.get(key) ?? this.#slices.byIndex(BY_ENDPOINTS, key)[0]) && enqueue(key)),
      this.#parts.informers.for(endpointSlices).subscribe(({ before, after }) => {
        for (const slice of [before, after]) if (slice) for (const key of byEndpoints(slice)) enqueue(key)
      }),
    ]
    return () => stops.forEach((stop) => stop())
  }

  async reconcile(key: string): Promise<Outcome> {
    const slices = this.#slices.byIndex(BY_ENDPOINTS, key).filter((slice) => !isTerminating(slice))
    const plan = planMirror({ endpoints: this.#endpoints.get(key), service: this.#services.get(key), slices })
    const { client } = this.#parts
    for (const slice of plan.create) this.#note(await client.create(endpointSlices, slice).catch(ignoreOvertaken))
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
