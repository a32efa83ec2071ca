/**
 * The API as controllers, scheduler and dispatch use it inside the control plane: the same core as for clients from outside
 * (authorize, admit, default, validate, store), without sockets or text. Every method throws `ApiError` for what the API refuses
 * (`isApiError(error, 'NotFound')`) and `Fault('unavailable' | 'deposed' | …)` when the world fails.
 */
import type { KubeObject } from '../../shared/model/meta.ts'
import type { Resource } from '../../shared/model/resources.ts'
import type { Json } from '../../shared/model/json.ts'
import type { ProgressRequests } from '../storage/progress.ts'

/** Where an object is; a cluster-scoped one leaves `namespace` out. */
export interface ObjectAt {
  readonly namespace?: string | undefined
  readonly name: string
}

export interface Listed<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string
}

export interface ListOptions {
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  /** `'0'`: whatever the watch cache holds now. Left out: proven fresh. */
  readonly resourceVersion?: string | undefined
}

export type WatchChange<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }

export type PatchType = 'json' | 'merge' | 'strategic'

export interface WriteOptions {
  readonly subresource?: string | undefined
  /** Recorded in `metadata.managedFields`. */
  readonly fieldManager?: string | undefined
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined
  readonly preconditions?: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } | undefined
}

export interface ApiClient {
  get<T extends KubeObject>(resource: Resource<T>, at: ObjectAt): Promise<T>
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<Listed<T>>
  /**
   * Changes after `resourceVersion`; throws `ApiError` 410 when it is too old. Ends when the signal aborts. Objects are shared: never change them. Of a resource
   * that nobody writes nothing is heard unless `progress` asks how far the watch has come: the answer is a bookmark.
   */
  watch<T extends KubeObject>(resource: Resource<T>, options: { readonly resourceVersion: string; readonly namespace?: string | undefined; readonly signal: AbortSignal; readonly progress?: ProgressRequests | undefined }): AsyncIterable<WatchChange<T>>
  /** `metadata.name` (or `generateName`) and, if namespaced, `metadata.namespace` say where. */
  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>
  /** Compare-and-set if the object carries a `resourceVersion`. */
  update<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>
  patch<T extends KubeObject>(resource: Resource<T>, at: ObjectAt, patch: { readonly type: PatchType; readonly body: Json } & WriteOptions): Promise<T>
  delete<T extends KubeObject>(resource: Resource<T>, at: ObjectAt, options?: DeleteOptions): Promise<void>
  /** `POST pods/NAME/binding`: compare-and-set on `spec.nodeName` being empty; 409 otherwise. */
  bind(pod: ObjectAt & { readonly uid: string }, nodeName: string, annotations?: Readonly<Record<string, string>>): Promise<void>
}
