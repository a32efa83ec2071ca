/** Empties namespaces that are being deleted, the pods first, and lets them go. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import { mergeDiff } from '../../../shared/model/merge-diff.ts'
import type { Namespace } from '../../../shared/model/gen/api.ts'
import { isTerminating, nameOf, namespaceOf, uidOf, type KubeObject } from '../../../shared/model/meta.ts'
import { namespaces, pods, type Resource } from '../../../shared/model/resources.ts'
import type { CustomInformers } from '../../informers/custom.ts'
import type { Change, Informer } from '../../informers/port.ts'
import { ignoreMissing } from '../answers.ts'
import { again, done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { conditionsOf, FINALIZER, type Remains } from './plan.ts'

/** Deletions on the way at the same time. */
const SIDE_BY_SIDE = 64
/** What is left is looked at again then, though its going is noticed at once. */
const PATIENCE_MS = 5_000

/** @param resources all that are stored; those of a namespace are emptied out of it. @param custom those that come and go. */
export function createNamespaceController(parts: ControllerParts, resources: readonly Resource[], custom?: CustomInformers): Controller {
  const worker = new NamespaceWorker({ ...parts, custom }, resources.filter(({ namespaced }) => namespaced))
  return { name: 'namespace', workers: 4, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

interface NamespaceParts extends ControllerParts {
  readonly custom: CustomInformers | undefined
}

class NamespaceWorker {
  #enqueue: Enqueue = () => {}
  readonly #parts: NamespaceParts
  readonly #resources: readonly Resource[]
  readonly #namespaces: Informer<Namespace>

  constructor(parts: NamespaceParts, resources: readonly Resource[]) {
    this.#parts = parts
    parts.custom?.onMember(({ informer }) => informer.subscribe((change) => this.#gone(change)))
    this.#resources = resources
    this.#namespaces = parts.informers.for(namespaces)
  }

  start(enqueue: Enqueue): () => void {
    this.#enqueue = enqueue
    const stops = this.#resources.map((resource) => this.#parts.informers.for(resource).subscribe((change) => this.#gone(change)))
    stops.push(this.#namespaces.subscribe(({ key, after }) => after && isTerminating(after) && enqueue(key)))
    return () => stops.forEach((stop) => stop())
  }

  #gone({ before, after }: Change<KubeObject>): void {
    if (before && !after && this.#isGoing(namespaceOf(before))) this.#enqueue(namespaceOf(before))
  }

  #isGoing(name: string): boolean {
    const namespace = this.#namespaces.get(name)
    return namespace !== undefined && isTerminating(namespace)
  }

  async reconcile(name: string): Promise<Outcome> {
    const shown = this.#namespaces.get(name)
    if (!shown || !isTerminating(shown)) return done
    const namespace = await this.#parts.client.get(namespaces, { name }).catch(ignoreMissing)
    if (!namespace || uidOf(namespace) !== uidOf(shown) || !isTerminating(namespace)) return done
    if (!(namespace.spec?.finalizers ?? []).includes(FINALIZER)) return done
    const { remains, failure } = await this.#empty(name)
    const isEmpty = remains.every(({ objects }) => objects.length === 0)
    if (isEmpty && failure === undefined) return this.#finalize(namespace)
    await this.#report(namespace, remains, failure)
    if (failure !== undefined) throw failure
    return again(PATIENCE_MS)
  }

  /** Other things go only when the pods have gone: they may need them to the last. */
  async #empty(namespace: string): Promise<{ readonly remains: readonly Remains[]; readonly failure: unknown }> {
    const isPods = (resource: Resource): boolean => resource.group === '' && resource.plural === pods.plural
    const first = await this.#emptyOf(this.#resources.filter(isPods), namespace)
    if (first.failure !== undefined || first.remains.some(({ objects }) => objects.length > 0)) return first
    const custom = (this.#parts.custom?.current() ?? []).map(({ resource }) => resource).filter(({ namespaced }) => namespaced)
    return this.#emptyOf([...this.#resources.filter((resource) => !isPods(resource)), ...custom], namespace)
  }

  async #emptyOf(resources: readonly Resource[], namespace: string): Promise<{ readonly remains: readonly Remains[]; readonly failure: unknown }> {
    let failure: unknown
    const remains = await Promise.all(
      resources.map(async (resource) => {
        const items = await this.#listed(resource, namespace)
        if (items.length === 0) return { resource, objects: items }
        failure = (await this.#deleteAll(resource, items)) ?? failure
        return { resource, objects: await this.#listed(resource, namespace) }
      }),
    )
    return { remains, failure }
  }

  /** A resource that is served no more has nothing. */
  async #listed(resource: Resource, namespace: string): Promise<readonly KubeObject[]> {
    return (await this.#parts.client.list(resource, { namespace }).catch(ignoreMissing))?.items ?? []
  }

  /** Answers the first failure. */
  async #deleteAll(resource: Resource, objects: readonly KubeObject[]): Promise<unknown> {
    let failure: unknown
    const waiting = objects.filter((object) => !isTerminating(object)).toReversed()
    const work = async (): Promise<void> => {
      for (let object = waiting.pop(); object; object = waiting.pop()) {
        const at = { namespace: namespaceOf(object), name: nameOf(object) }
        await this.#parts.client.delete(resource, at, { propagationPolicy: 'Background', preconditions: { uid: uidOf(object) } }).catch((error: unknown) => {
          if (!isApiError(error, 'NotFound') && !isApiError(error, 'Conflict')) failure = error
        })
      }
    }
    await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, waiting.length) }, work))
    return failure
  }

  async #report(namespace: Namespace, remains: readonly Remains[], failure: unknown): Promise<void> {
    const conditions = conditionsOf(namespace, { remains, failure: failure === undefined ? undefined : messageOf(failure), nowMs: this.#parts.clock.nowMs() })
    const status = mergeDiff(namespace.status, { ...namespace.status, conditions })
    if (status) await this.#parts.client.patch(namespaces, { name: nameOf(namespace) }, { type: 'merge', subresource: 'status', body: { metadata: { uid: uidOf(namespace) }, status } }).catch(ignoreMissing)
  }

  async #finalize(namespace: Namespace): Promise<Outcome> {
    const finalizers = (namespace.spec?.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER)
    await this.#parts.client.update(namespaces, { ...namespace, spec: { ...namespace.spec, finalizers } }, { subresource: 'finalize' }).catch(ignoreMissing)
    return done
  }
}
