/** The API for those who live in the control plane's own process: the core itself, without text, sockets or copies. */
import { ApiError } from '../../shared/kit/api-error.ts'
import type { Json, JsonObject } from '../../shared/model/json.ts'
import type { KubeObject } from '../../shared/model/meta.ts'
import type { Resource } from '../../shared/model/resources.ts'
import type { Call } from '../apiserver/core/call.ts'
import { create, inNamespace } from '../apiserver/core/create.ts'
import { remove } from '../apiserver/core/delete.ts'
import { get } from '../apiserver/core/get.ts'
import { list } from '../apiserver/core/list.ts'
import { normalized } from '../apiserver/core/normalize.ts'
import type { CoreParts } from '../apiserver/core/parts.ts'
import { patch } from '../apiserver/core/patch.ts'
import { findSubresource, type ResourceStore } from '../apiserver/core/resources.ts'
import { update } from '../apiserver/core/update.ts'
import { watch } from '../apiserver/core/watch.ts'
import type { User } from '../apiserver/request.ts'
import { unknownResource } from '../apiserver/status.ts'
import { bind } from '../apiserver/subresources/binding.ts'
import type { Guard } from '../storage/port.ts'
import { ProgressRequests } from '../storage/progress.ts'
import type { ApiClient, WatchChange, WriteOptions } from './port.ts'
import { plain } from './plain.ts'

export interface InProcessClientOptions {
  readonly core: CoreParts
  /** Who asks: recorded in managedFields, seen by admission. Clients in this process are trusted; authorization is for those outside. */
  readonly user: User
  /** Asked for at each write: the leader's right. `undefined`: the write needs none. Throws `Fault('deposed')` when it is lost. */
  readonly guard?: (() => Guard | undefined) | undefined
  /** Aborts what is under way when the process ends. */
  readonly signal?: AbortSignal | undefined
}

/** A bookmark for each sign of life of the cache. */
const EVERY_PROGRESS = 0

export function createInProcessClient({ core, user, guard, signal = new AbortController().signal }: InProcessClientOptions): ApiClient {
  const manager = user.name.replace(/^system:/, '').replace(/.*:/, '')
  const call = (options: WriteOptions = {}): Call => ({ user, manager: options.fieldManager ?? manager, dryRun: false, guard, signal, warn: () => {} })
  const storeOf = (resource: Resource): ResourceStore => {
    const store = core.resources.find(resource.group, resource.version, resource.plural)
    if (!store) throw unknownResource()
    return store
  }
  const atOf = (at: { readonly namespace?: string | undefined; readonly name: string }): { readonly namespace: string; readonly name: string } => ({ namespace: at.namespace ?? '', name: at.name })

  return {
    async get<T extends KubeObject>(resource: Resource<T>, at: { readonly namespace?: string | undefined; readonly name: string }) {
      return typed<T>((await get(core, call(), { store: storeOf(resource), at: atOf(at) })).object)
    },
    async list<T extends KubeObject>(resource: Resource<T>, options: Parameters<ApiClient['list']>[1] = {}) {
      const { namespace = '', ...rest } = options
      const { items, revision } = await list(core, call(), { store: storeOf(resource), namespace, options: rest })
      return { items: items.map((item) => typed<T>(item.object)), resourceVersion: String(revision) }
    },
    watch: <T extends KubeObject>(resource: Resource<T>, options: Parameters<ApiClient['watch']>[1]) => changes<T>(core, { ...call(), signal: options.signal }, { store: storeOf(resource), ...options }),
    async create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions) {
      const store = storeOf(resource)
      const namespace = object.metadata.namespace ?? ''
      const item = await create(core, call(options), { store, namespace, object: inNamespace(store, wire(store, object), namespace) })
      return typed<T>(item.object)
    },
    async update<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions) {
      const at = { namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' }
      const store = storeOf(resource)
      const wanted = wire(store, object)
      const subresource = checkedSubresource(store, options)
      const missing = store.definition.allowCreateOnUpdate && subresource === '' ? () => wanted : undefined
      return typed<T>((await update(core, call(options), { store, at, subresource, change: () => wanted, missing })).item.object)
    },
    async patch<T extends KubeObject>(resource: Resource<T>, at: { readonly namespace?: string | undefined; readonly name: string }, given: { readonly type: 'json' | 'merge' | 'strategic'; readonly body: Json } & WriteOptions) {
      const store = storeOf(resource)
      const request = { store, at: atOf(at), subresource: checkedSubresource(store, given), type: given.type, read: () => ({ patch: plain(given.body), strictErrors: [] }), validation: 'Ignore' as const }
      return typed<T>((await patch(core, call(given), request)).item.object)
    },
    async delete(resource, at, options = {}) {
      await remove(core, call(), { store: storeOf(resource), at: atOf(at), options: { ...options, dryRun: false } })
    },
    async bind(pod, nodeName, annotations) {
      await bind(core, call(), { at: atOf(pod), binding: { nodeName, uid: pod.uid, annotations: annotations ?? {} } })
    },
  }
}

/** The core's objects have been decoded by the schema of their kind: this is the one place where they become typed. */
const typed = <T extends KubeObject>(object: JsonObject): T => object as unknown as T

/** A typed object as it would come in through the other door: no empty members, defaults filled in. */
const wire = (store: ResourceStore, object: KubeObject): JsonObject => normalized(store.definition, object as unknown as JsonObject)

function checkedSubresource(store: ResourceStore, options: WriteOptions | undefined): string {
  const name = options?.subresource ?? ''
  if (name !== '' && !findSubresource(store.definition, name)) throw unknownResource()
  return name
}

interface Watched {
  readonly store: ResourceStore
  readonly resourceVersion: string
  readonly namespace?: string | undefined
  readonly progress?: ProgressRequests | undefined
}

async function* changes<T extends KubeObject>(core: CoreParts, call: Call, { store, resourceVersion, namespace = '', progress }: Watched): AsyncGenerator<WatchChange<T>> {
  const options = { resourceVersion, allowWatchBookmarks: true, timeoutSeconds: 2_000_000 }
  const batches = await watch(core, call, { store, namespace, options, bookmarkMs: EVERY_PROGRESS, progress: progress && reaching(progress, store, call.signal) })
  for await (const batch of batches) {
    for (const event of batch) {
      if (event.type === 'ERROR') throw new ApiError(event.status)
      if (event.type === 'BOOKMARK') yield { type: 'BOOKMARK', resourceVersion: String(event.revision) }
      else yield { type: event.type, object: typed<T>(event.item.object) }
    }
  }
}

/** What the reader asks the cache has to ask the storage first: of what nobody writes it hears nothing by itself. */
function reaching(asked: ProgressRequests, { cache }: ResourceStore, signal: AbortSignal): ProgressRequests {
  const progress = new ProgressRequests()
  const ask = (): void => {
    progress.upTo(asked.wanted)
    // A storage that does not answer now will: the reader is told then.
    cache.waitFor(asked.wanted, signal).catch(() => {})
  }
  asked.attach(ask)
  if (asked.wanted > 0) ask()
  return progress
}
