/**
 * Keeps `status` of every ResourceQuota. Admission adds what is made (`apiserver/admission/resource-quota.ts`); this counts anew when something
 * goes, when a quota changes, and a moment after each charge: a charge of an object that was not made after all does not stay.
 */
import type { Pod, ResourceQuota } from '../../../shared/model/gen/api.ts'
import { deepEqual, type JsonObject } from '../../../shared/model/json.ts'
import { compareQuantities } from '../../../shared/model/quantity.ts'
import { keyOf, namespaceOf, type KubeObject } from '../../../shared/model/meta.ts'
import { persistentVolumeClaims, pods, resourceQuotas, services, type Resource } from '../../../shared/model/resources.ts'
import type { CustomInformers } from '../../informers/custom.ts'
import type { Change, Informer } from '../../informers/port.ts'
import { amountsOf } from '../../registry/resource-list.ts'
import { ignoreMissing } from '../answers.ts'
import { again, done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { BY_NAMESPACE, byNamespace } from '../ownership/indexes.ts'
import { isFinished } from '../pod-control/pod-state.ts'
import { concerns, planStatus, type Held } from './plan.ts'

/** A count waits so long for what admission has charged to be stored and seen. */
const SETTLE_MS = 200
/** So long after a charge it is looked whether the object is there. */
const VERIFY_MS = 2000
/** How long giving back may wait for charges to settle. */
const PATIENCE_MS = 3000
const CATCH_UP_MS = 20
const UNSYNCED_MS = 500
const CATCH_UP_LOOKS = 20

/** @param resources all that are stored; custom ones come and go. */
export function createResourceQuotaController(parts: ControllerParts, resources: readonly Resource[], custom?: CustomInformers): Controller {
  const worker = new ResourceQuotaWorker({ ...parts, custom }, resources.filter(({ namespaced }) => namespaced))
  return { name: 'resourcequota', workers: 2, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

interface QuotaParts extends ControllerParts {
  readonly custom: CustomInformers | undefined
}

interface Member {
  readonly resource: Resource
  readonly informer: Informer<KubeObject>
}

class ResourceQuotaWorker {
  readonly #parts: QuotaParts
  readonly #quotas: Informer<ResourceQuota>
  readonly #fixed: readonly Member[]
  #enqueue: Enqueue = () => {}
  /** When each quota was last seen to change. */
  readonly #changedMs = new Map<string, number>()
  readonly #waitingSinceMs = new Map<string, number>()
  /** How often it was waited for informers that lag behind. */
  readonly #looks = new Map<string, number>()

  constructor(parts: QuotaParts, resources: readonly Resource[]) {
    this.#parts = parts
    this.#quotas = parts.informers.for(resourceQuotas)
    this.#quotas.addIndex(BY_NAMESPACE, byNamespace)
    this.#fixed = resources.map((resource) => ({ resource, informer: parts.informers.for(resource) }))
    for (const { resource, informer } of this.#fixed) if (isMany(resource)) informer.addIndex(BY_NAMESPACE, byNamespace)
    parts.custom?.onMember((member) => this.#follow(member))
  }

  /** A new kind of objects, in namespaces whose quotas may have been waiting for it. */
  #follow({ resource, informer }: Member): void {
    if (!resource.namespaced) return
    informer.subscribe((change) => this.#changed(resource, change, this.#enqueue))
    for (const quota of this.#quotas.list()) if (concerns(quota, resource)) this.#enqueue(keyOf(quota), VERIFY_MS)
  }

  get #members(): readonly Member[] {
    return [...this.#fixed, ...(this.#parts.custom?.current() ?? []).filter(({ resource }) => resource.namespaced)]
  }

  start(enqueue: Enqueue): () => void {
    this.#enqueue = enqueue
    const stops = [
      this.#quotas.subscribe(({ key, before, after }) => {
        if (!after) return void this.#changedMs.delete(key)
        this.#changedMs.set(key, this.#parts.clock.monotonicMs())
        const isNews = !before || !deepEqual(before.spec, after.spec) || !deepEqual(after.spec?.hard, after.status?.hard)
        enqueue(key, isNews ? undefined : VERIFY_MS)
      }),
      ...this.#fixed.map(({ resource, informer }) => informer.subscribe((change) => this.#changed(resource, change, enqueue))),
    ]
    return () => stops.forEach((stop) => stop())
  }

  /** What goes is given back; what is made admission has charged already. */
  #changed(resource: Resource, { before, after }: Change<KubeObject>, enqueue: Enqueue): void {
    if (!before || (after && !usesOtherwise(resource, before, after))) return
    for (const quota of this.#quotas.byIndex(BY_NAMESPACE, namespaceOf(before))) if (concerns(quota, resource)) enqueue(keyOf(quota), SETTLE_MS)
  }

  async reconcile(key: string): Promise<Outcome> {
    const quota = this.#quotas.get(key)
    if (!quota || quota.metadata.deletionTimestamp !== undefined) return done
    const members = this.#members.filter(({ resource }) => concerns(quota, resource))
    // Informers of custom resources begin a while after their definitions.
    if (members.some(({ informer }) => !informer.hasSynced())) return again(UNSYNCED_MS)
    if (this.#mustCatchUp(quota, members)) return again(CATCH_UP_MS)
    const held = members.map(({ resource, informer }): Held => ({ resource, objects: objectsIn(resource, informer, namespaceOf(quota)) }))
    const status = planStatus(quota, held, this.#parts.clock.nowMs())
    if (!status) return this.#settled(key)
    if (isLower(status, quota) && this.#mustWait(key)) return again(SETTLE_MS)
    await this.#parts.client.update(resourceQuotas, { ...quota, status }, { subresource: 'status' }).catch(ignoreMissing)
    return this.#settled(key)
  }

  /** Whatever was made before the quota was last written has to be seen before it is counted. An informer of what nobody writes is not behind: it says so when it is asked. */
  #mustCatchUp(quota: ResourceQuota, members: readonly Member[]): boolean {
    const key = keyOf(quota)
    const written = Number(quota.metadata.resourceVersion)
    const behind = members.filter(({ informer }) => Number(informer.resourceVersion) < written)
    const looks = this.#looks.get(key) ?? 0
    const mustWait = behind.length > 0 && looks < CATCH_UP_LOOKS
    if (mustWait) this.#looks.set(key, looks + 1)
    else this.#looks.delete(key)
    if (mustWait) for (const { informer } of behind) informer.askUpTo(written)
    return mustWait
  }

  /** Something charged a moment ago may not be stored yet: it must not be given back. Nobody who charges without end holds that up for long. */
  #mustWait(key: string): boolean {
    const nowMs = this.#parts.clock.monotonicMs()
    const sinceMs = this.#waitingSinceMs.get(key) ?? nowMs
    this.#waitingSinceMs.set(key, sinceMs)
    return nowMs - (this.#changedMs.get(key) ?? 0) < SETTLE_MS && nowMs - sinceMs < PATIENCE_MS
  }

  #settled(key: string): Outcome {
    this.#waitingSinceMs.delete(key)
    return done
  }
}

const isLower = (status: NonNullable<ResourceQuota['status']>, quota: ResourceQuota): boolean => Object.entries(amountsOf(quota.status?.used)).some(([name, amount]) => compareQuantities(amountsOf(status.used)[name], amount) < 0)

function objectsIn(resource: Resource, informer: Informer<KubeObject>, namespace: string): readonly JsonObject[] {
  if (isMany(resource)) return informer.byIndex(BY_NAMESPACE, namespace) as unknown as readonly JsonObject[]
  const found: JsonObject[] = []
  for (const object of informer.list()) if (namespaceOf(object) === namespace) found.push(object as unknown as JsonObject)
  return found
}

/** Kinds of which a cluster may hold so many that they are found by their namespace. */
const isMany = ({ group, plural }: Resource): boolean => group === '' && (plural === pods.plural || plural === services.plural)

/** Whether an object that stays may use more or less than before. */
function usesOtherwise(resource: Resource, before: KubeObject, after: KubeObject): boolean {
  if (resource.group !== '') return false
  switch (resource.plural) {
    case pods.plural:
      return isFinished(before as Pod) !== isFinished(after as Pod) || !deepEqual((before as Pod).spec, (after as Pod).spec)
    case services.plural:
    case persistentVolumeClaims.plural:
      return !deepEqual((before as { readonly spec?: unknown }).spec, (after as { readonly spec?: unknown }).spec)
    default:
      return false
  }
}
