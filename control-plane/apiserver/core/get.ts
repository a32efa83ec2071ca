import type { Revision } from '../../storage/port.ts'
import type { CachedObject, WatchCache } from '../../storage/watch-cache-port.ts'
import { notFound } from '../status.ts'
import type { At, Call } from './call.ts'
import { parseRevision, waitUntilFresh } from './freshness.ts'
import type { CoreParts } from './parts.ts'
import { keyAt, type ResourceStore } from './resources.ts'
import { shown } from './shown.ts'

/**
 * One object. Without a resourceVersion the answer is linearizable: the storage says which revision is the newest (once for all who ask at
 * the same time), and the cache gives the object when it has come so far. With `'0'` the cache answers alone, with a later one once it has come so far.
 */
export async function get(parts: CoreParts, call: Call, { store, at, resourceVersion }: { readonly store: ResourceStore; readonly at: At; readonly resourceVersion?: string | undefined }): Promise<CachedObject> {
  const key = keyAt(store, at.namespace, at.name)
  const revision = parseRevision(resourceVersion)
  if (revision !== undefined) await waitUntilFresh(parts, store, { revision, signal: call.signal })
  const found = revision === undefined ? await proven(parts, store, { key, signal: call.signal }) : await shown(store, store.cache.get(key), call.signal)
  if (!found) throw notFound(store.resource, at.name)
  return found
}

/** How long a read waits for a cache that lags behind before it reads the storage itself. */
const CATCH_UP_MS = 200

interface Sought {
  readonly key: string
  readonly signal: AbortSignal
}

/** From the cache, once it is known to be as new as the storage; what it does not have, or does not get soon, from the storage. */
async function proven(parts: CoreParts, store: ResourceStore, sought: Sought): Promise<CachedObject | undefined> {
  if (store.cache.revision === 0) return newest(parts, store, sought)
  const revision = await parts.storage.currentRevision(sought.signal)
  const isFresh = store.cache.revision >= revision || (await catchesUp(parts, store, revision))
  return (isFresh ? await shown(store, store.cache.get(sought.key), sought.signal) : undefined) ?? newest(parts, store, sought)
}

interface CatchUp {
  readonly revision: Revision
  readonly isDone: Promise<boolean>
}

const underWay = new WeakMap<WatchCache, CatchUp>()

/** Those who read at the same time wait together. */
function catchesUp(parts: CoreParts, { cache }: ResourceStore, revision: Revision): Promise<boolean> {
  const running = underWay.get(cache)
  if (running !== undefined && running.revision >= revision) return running.isDone
  const started = { revision, isDone: reaches(parts, cache, revision) }
  underWay.set(cache, started)
  void started.isDone.then(() => (underWay.get(cache) === started ? underWay.delete(cache) : false))
  return started.isDone
}

async function reaches(parts: CoreParts, cache: WatchCache, revision: Revision): Promise<boolean> {
  const limit = new AbortController()
  const cancel = parts.clock.after(CATCH_UP_MS, () => limit.abort())
  try {
    await cache.waitFor(revision, limit.signal)
    return true
  } catch {
    return false
  } finally {
    cancel()
  }
}

/** The newest state there is, proven by the storage; `undefined` if there is no such object. */
export async function newest(parts: CoreParts, store: ResourceStore, { key, signal }: Sought): Promise<CachedObject | undefined> {
  const entry = await parts.storage.get(key, signal)
  if (!entry) return undefined
  const cached = store.cache.get(key)
  // Before the cache has listed, after the storage was put back too, the same revision may be of something else.
  return shown(store, store.cache.revision > 0 && cached?.revision === entry.revision ? cached : store.read(entry), signal)
}
