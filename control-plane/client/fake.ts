/**
 * The API in memory for tests of rooms that only talk to it: names, uids, revisions, conflicts, watches, patches and deletion with finalizers,
 * grace for bound pods included. No defaults, no validation, no admission: whoever needs those takes the real core over memory storage.
 */
import { ApiError } from '../../shared/kit/api-error.ts'
import { channel, type Channel } from '../../shared/kit/channel.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { nameSuffix, newUid } from '../../shared/kit/ids.ts'
import type { Random } from '../../shared/kit/random.ts'
import { deepEqual, isJsonObject, type Json, type JsonObject } from '../../shared/model/json.ts'
import { keyOf, objectKey, type KubeObject } from '../../shared/model/meta.ts'
import type { ObjectMeta, Pod } from '../../shared/model/gen/api.ts'
import { apiVersionOf, type Resource } from '../../shared/model/resources.ts'
import { formatTime } from '../../shared/model/time.ts'
import type { ProgressRequests } from '../storage/progress.ts'
import type { ApiClient, DeleteOptions, ObjectAt, WatchChange } from './port.ts'

export interface FakeCall {
  readonly verb: 'create' | 'update' | 'patch' | 'delete' | 'bind'
  readonly plural: string
  readonly name: string
  readonly subresource: string
}

export interface FakeClient extends ApiClient {
  /** Every write that was tried. */
  readonly calls: readonly FakeCall[]
  /** Called before each write; what it throws is what the caller gets. */
  failWith(hook: (call: FakeCall) => void): void
  /** Everything of one resource, in order of key. */
  all<T extends KubeObject>(resource: Resource<T>): readonly T[]
}

interface Shelf {
  readonly objects: Map<string, KubeObject>
  readonly watchers: Set<Channel<WatchChange<KubeObject>>>
  readonly log: Array<WatchChange<KubeObject> & { readonly revision: number }>
}

const refuse = (code: number, reason: string, message: string): ApiError => new ApiError({ code, reason, message, status: 'Failure', metadata: {} })

export function fakeClient(clock: Clock, random: Random): FakeClient {
  const shelves = new Map<string, Shelf>()
  const calls: FakeCall[] = []
  let hook: (call: FakeCall) => void = () => {}
  let revision = 0

  const shelfOf = (resource: Resource): Shelf => {
    const name = `${resource.group}/${resource.plural}`
    const known = shelves.get(name)
    if (known) return known
    const shelf: Shelf = { objects: new Map(), watchers: new Set(), log: [] }
    shelves.set(name, shelf)
    return shelf
  }
  const note = (call: FakeCall): void => {
    calls.push(call)
    hook(call)
  }
  const publish = (shelf: Shelf, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void => {
    const change = { type, object }
    shelf.log.push({ ...change, revision })
    for (const watcher of shelf.watchers) watcher.push(change)
  }
  const store = <T extends KubeObject>(shelf: Shelf, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): T => {
    revision += 1
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
    if (type === 'DELETED') shelf.objects.delete(keyOf(stored))
    else shelf.objects.set(keyOf(stored), stored)
    publish(shelf, type, stored)
    return stored
  }
  const find = <T extends KubeObject>(resource: Resource<T>, at: ObjectAt): T => {
    const found = shelfOf(resource).objects.get(objectKey(at.namespace ?? '', at.name))
    if (!found) throw refuse(404, 'NotFound', `${resource.plural} "${at.name}" not found`)
    return found as T
  }
  /** Stores a changed object; one that waits for nothing any more goes. */
  const settle = <T extends KubeObject>(resource: Resource<T>, old: T, next: T): T => {
    if (deepEqual(old, next)) return old
    const isOver = next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0 && (next.metadata.deletionGracePeriodSeconds ?? 0) === 0 && !holdsNamespace(next)
    const specDiffers = !deepEqual((old as { spec?: unknown }).spec, (next as { spec?: unknown }).spec)
    const generation = (old.metadata.generation ?? 1) + (specDiffers ? 1 : 0)
    return store(shelfOf(resource), isOver ? 'DELETED' : 'MODIFIED', { ...next, metadata: { ...next.metadata, generation } })
  }
  const checkUid = (object: KubeObject, uid: string | undefined): void => {
    if (uid !== undefined && uid !== object.metadata.uid) throw refuse(409, 'Conflict', 'the uid is another')
  }
  return {
    calls,
    failWith: (next) => void (hook = next),
    all: <T extends KubeObject>(resource: Resource<T>) => [...shelfOf(resource).objects.values()].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) as unknown as readonly T[],
    get: async (resource, at) => find(resource, at),
    list: async <T extends KubeObject>(resource: Resource<T>, options: { readonly namespace?: string | undefined } = {}) => ({
      items: [...shelfOf(resource).objects.values()].filter((object) => !options.namespace || object.metadata.namespace === options.namespace) as unknown as readonly T[],
      resourceVersion: String(revision),
    }),
    watch: async function* <T extends KubeObject>(resource: Resource<T>, options: { readonly resourceVersion: string; readonly signal: AbortSignal; readonly progress?: ProgressRequests | undefined }) {
      const shelf = shelfOf(resource)
      const changes = channel<WatchChange<KubeObject>>()
      for (const { revision: at, ...change } of shelf.log) if (at > Number(options.resourceVersion)) changes.push(change as WatchChange<KubeObject>)
      shelf.watchers.add(changes)
      options.progress?.attach(() => changes.push({ type: 'BOOKMARK', resourceVersion: String(revision) }))
      options.signal.addEventListener('abort', () => changes.close(), { once: true })
      for await (const change of changes) yield change as WatchChange<T>
    },
    async create(resource, object) {
      const name = object.metadata.name ?? `${object.metadata.generateName ?? ''}${nameSuffix(random)}`
      note({ verb: 'create', plural: resource.plural, name, subresource: '' })
      const shelf = shelfOf(resource)
      if (shelf.objects.has(objectKey(object.metadata.namespace ?? '', name))) throw refuse(409, 'AlreadyExists', `${resource.plural} "${name}" already exists`)
      const metadata: ObjectMeta = { ...object.metadata, name, uid: newUid(random), creationTimestamp: formatTime(clock.nowMs()), generation: 1 }
      return store(shelf, 'ADDED', { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata })
    },
    async update(resource, object, options) {
      const name = object.metadata.name ?? ''
      note({ verb: 'update', plural: resource.plural, name, subresource: options?.subresource ?? '' })
      const old = find(resource, { namespace: object.metadata.namespace, name })
      checkUid(old, object.metadata.uid)
      if (object.metadata.resourceVersion !== undefined && object.metadata.resourceVersion !== old.metadata.resourceVersion) throw refuse(409, 'Conflict', 'the object has been modified')
      return settle(resource, old, object)
    },
    async patch(resource, at, patch) {
      note({ verb: 'patch', plural: resource.plural, name: at.name, subresource: patch.subresource ?? '' })
      const old = find(resource, at)
      const body = patch.body as { readonly metadata?: ObjectMeta }
      checkUid(old, body.metadata?.uid)
      if (body.metadata?.resourceVersion !== undefined && body.metadata.resourceVersion !== old.metadata.resourceVersion) throw refuse(409, 'Conflict', 'the object has been modified')
      const next = mergePatch(old as unknown as Json, patch.body, patch.type === 'strategic') as unknown as typeof old
      return settle(resource, old, next)
    },
    async delete(resource, at, options) {
      note({ verb: 'delete', plural: resource.plural, name: at.name, subresource: '' })
      const old = find(resource, at)
      checkUid(old, options?.preconditions?.uid)
      const wanted = options?.preconditions?.resourceVersion
      if (wanted !== undefined && wanted !== old.metadata.resourceVersion) throw refuse(409, 'Conflict', 'the object has been modified')
      const next = { ...old, metadata: deletedMeta(old, options, clock.nowMs()) }
      settle(resource, old, next)
    },
    async bind(pod, nodeName) {
      note({ verb: 'bind', plural: 'pods', name: pod.name, subresource: 'binding' })
      const resource: Resource<Pod> = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }
      const old = find(resource, pod)
      if (old.spec?.nodeName) throw refuse(409, 'Conflict', `pod ${pod.name} is already assigned to node "${old.spec.nodeName}"`)
      settle(resource, old, { ...old, spec: { ...(old.spec ?? { containers: [] }), nodeName } })
    },
  }
}

/** A namespace stays while `spec.finalizers` names anything. */
const holdsNamespace = (object: KubeObject): boolean => object.kind === 'Namespace' && ((object as { readonly spec?: { readonly finalizers?: readonly string[] } }).spec?.finalizers ?? []).length > 0

function deletedMeta(object: KubeObject, options: DeleteOptions | undefined, nowMs: number): ObjectMeta {
  const finalizer = options?.propagationPolicy === 'Foreground' ? 'foregroundDeletion' : options?.propagationPolicy === 'Orphan' ? 'orphan' : undefined
  const isBoundPod = object.kind === 'Pod' && Boolean((object as Pod).spec?.nodeName)
  const graceSeconds = isBoundPod ? (options?.gracePeriodSeconds ?? (object as Pod).spec?.terminationGracePeriodSeconds ?? 30) : 0
  const finalizers = [...(object.metadata.finalizers ?? []), ...(finalizer ? [finalizer] : [])]
  return {
    ...object.metadata,
    deletionTimestamp: object.metadata.deletionTimestamp ?? formatTime(nowMs + graceSeconds * 1000),
    deletionGracePeriodSeconds: graceSeconds,
    ...(finalizers.length > 0 ? { finalizers } : {}),
  }
}

/** RFC 7386; strategic: lists of objects with a uid or a type are merged by it, as owner references and conditions are. */
function mergePatch(target: Json, patch: Json, isStrategic: boolean): Json {
  if (Array.isArray(patch) && isStrategic) return mergeLists(Array.isArray(target) ? target : [], patch)
  if (!isJsonObject(patch)) return patch
  const result: Record<string, Json> = { ...(isJsonObject(target) ? target : {}) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = mergePatch(result[key] ?? null, value, isStrategic)
  }
  return result
}

function mergeLists(target: readonly Json[], patch: readonly Json[]): Json {
  const keyed = (item: Json): string | undefined => (isJsonObject(item) ? ((item['uid'] ?? item['type']) as string | undefined) : undefined)
  if (patch.some((item) => keyed(item) === undefined)) return patch
  const gone = new Set(patch.filter((item) => (item as JsonObject)['$patch'] === 'delete').map(keyed))
  const kept = target.filter((item) => !gone.has(keyed(item)))
  const merged = kept.map((item) => mergePatch(item, patch.find((change) => keyed(change) === keyed(item)) ?? {}, true))
  return [...merged, ...patch.filter((item) => !gone.has(keyed(item)) && !kept.some((other) => keyed(other) === keyed(item)))]
}
