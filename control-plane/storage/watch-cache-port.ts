/** Every object of one resource, decoded once and kept current by a storage watch; lists, gets and watches of clients are served from here. */
import type { JsonObject } from '../../shared/model/json.ts'
import type { Revision } from './port.ts'
import type { ProgressRequests } from './progress.ts'

/** One revision of one object. Shared by everybody: never change it. */
export interface CachedObject {
  /** Storage key. */
  readonly key: string
  readonly revision: Revision
  /** With `metadata.resourceVersion`. */
  readonly object: JsonObject
  /** Its JSON text, made once at first use and shared by every list and watch. */
  json(): string
}

export interface CacheEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** After the change; of a deletion the last state, with the deletion's resourceVersion. */
  readonly item: CachedObject
  /** Before the change, so that selectors can tell what left them. */
  readonly previous?: CachedObject | undefined
}

export interface CacheEventBatch {
  readonly events: readonly CacheEvent[]
  /** Everything up to here has been yielded: what a bookmark says. Batches without events come only when they are asked for. */
  readonly revision: Revision
}

export interface CacheWatchOptions {
  readonly after: Revision
  readonly signal: AbortSignal
  /** Asks how far the cache has come. */
  readonly progress?: ProgressRequests | undefined
}

export interface WatchCache {
  /** The revision it has reached: of its newest change, or how far it has come when somebody last waited. Writes to other resources do not move it by themselves. */
  readonly revision: Revision
  get(key: string): CachedObject | undefined
  /** In order of key; `prefix` may name a namespace. */
  list(prefix: string): readonly CachedObject[]
  /** Resolves when the cache has reached the revision (asks the storage for progress if nothing comes). Throws Fault('timeout' | 'unavailable'). */
  waitFor(revision: Revision, signal?: AbortSignal): Promise<void>
  /** Changes under `prefix` after the revision, each once, in order. Throws Fault('gone') if that is older than what is remembered, or if the consumer fell too far behind. */
  watch(prefix: string, options: CacheWatchOptions): AsyncIterable<CacheEventBatch>
  /** Tells every watch how far the cache has come. */
  tellProgress(): void
  whenReady(signal?: AbortSignal): Promise<void>
  /** Keeps it current until the signal aborts: list + watch, again after each fault. */
  run(signal: AbortSignal): Promise<void>
}
