/** The cache of a resource as seen by a kind that is stored as that resource's. */
import type { StoredAs } from '../../registry/kind.ts'
import type { CachedObject, CacheEvent, CacheEventBatch, WatchCache } from '../../storage/watch-cache-port.ts'
import { itemOf, withoutRevision } from './stored.ts'

export type Conversion = (item: CachedObject) => CachedObject

/** Each item is converted once, when somebody first asks for it. */
export function conversionOf({ fromStored }: StoredAs): Conversion {
  const known = new WeakMap<CachedObject, CachedObject>()
  return (item) => {
    const before = known.get(item)
    if (before) return before
    const { kind, apiVersion, metadata, ...rest } = fromStored(withoutRevision(item))
    const converted = itemOf(item.key, item.revision, { kind: kind ?? '', apiVersion: apiVersion ?? '', metadata: metadata ?? {}, ...rest })
    known.set(item, converted)
    return converted
  }
}

export function convertedCache(cache: WatchCache, convert: Conversion): WatchCache {
  const lists = new WeakMap<readonly CachedObject[], readonly CachedObject[]>()
  const converted = (all: readonly CachedObject[]): readonly CachedObject[] => {
    const known = lists.get(all) ?? all.map(convert)
    lists.set(all, known)
    return known
  }
  const event = ({ type, item, previous }: CacheEvent): CacheEvent => ({ type, item: convert(item), ...(previous && { previous: convert(previous) }) })
  return {
    get revision() {
      return cache.revision
    },
    get(key) {
      const item = cache.get(key)
      return item && convert(item)
    },
    list: (prefix) => converted(cache.list(prefix)),
    waitFor: (revision, signal) => cache.waitFor(revision, signal),
    tellProgress: () => cache.tellProgress(),
    whenReady: (signal) => cache.whenReady(signal),
    async *watch(prefix, options): AsyncGenerator<CacheEventBatch> {
      for await (const { events, revision } of cache.watch(prefix, options)) yield { events: events.map(event), revision }
    },
    // The cache behind it is run by its own resource.
    run: async () => {},
  }
}
