import type { CachedObject } from '../../storage/watch-cache-port.ts'
import { notFound } from '../status.ts'
import type { At, Call } from './call.ts'
import { parseRevision, waitUntilFresh } from './freshness.ts'
import type { CoreParts } from './parts.ts'
import { keyAt, type ResourceStore } from './resources.ts'

/**
 * One object. Without a resourceVersion the answer is linearizable: the storage says which revision is the newest, and the cache
 * gives it, already decoded, when it has that one. With `'0'` the cache answers alone, with a later one once it has come so far.
 */
export async function get(parts: CoreParts, call: Call, { store, at, resourceVersion }: { readonly store: ResourceStore; readonly at: At; readonly resourceVersion?: string | undefined }): Promise<CachedObject> {
  const key = keyAt(store, at.namespace, at.name)
  const revision = parseRevision(resourceVersion)
  if (revision !== undefined) await waitUntilFresh(parts, store, { revision, signal: call.signal })
  const found = revision === undefined ? await newest(parts, store, { key, signal: call.signal }) : store.cache.get(key)
  if (!found) throw notFound(store.resource, at.name)
  return found
}

/** The newest state there is, proven by the storage; `undefined` if there is no such object. */
export async function newest(parts: CoreParts, store: ResourceStore, { key, signal }: { readonly key: string; readonly signal: AbortSignal }): Promise<CachedObject | undefined> {
  const entry = await parts.storage.get(key, signal)
  if (!entry) return undefined
  const cached = store.cache.get(key)
  return cached?.revision === entry.revision ? cached : store.read(entry)
}
