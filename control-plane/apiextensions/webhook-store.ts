/** A version of a definition whose objects a webhook converts. What is stored in that version already is shown as it is. */
import { isJsonObject, type JsonObject } from '../../shared/model/json.ts'
import { type Convert, PendingConversion } from '../apiserver/core/pending-conversion.ts'
import type { ResourceStore } from '../apiserver/core/resources.ts'
import { canonical, itemOf, itemOfEntry, metadataOf, withoutRevision } from '../apiserver/core/stored.ts'
import type { CachedObject, CacheEvent, CacheEventBatch, WatchCache } from '../storage/watch-cache-port.ts'

export interface Conversions {
  /** `example.com/v2` */
  readonly apiVersion: string
  /** The one that is stored. */
  readonly storedAs: string
  readonly kind: string
  readonly cache: WatchCache
  /** Without what the version's schema does not know. */
  read(object: JsonObject, apiVersion: string): JsonObject
  readonly convert: Convert
}

type Views = Pick<ResourceStore, 'cache' | 'read' | 'toStored' | 'settle' | 'prepare'>

/** Single objects on their way in and out; lists are kept with what is listed. */
const MOST_KEPT = 256

export function webhookViews(conversions: Conversions): Views {
  const views = new WebhookViews(conversions)
  return {
    cache: views.cache(),
    read: (entry) => views.shown(itemOfEntry(entry)),
    toStored: (object) => views.as(object, conversions.storedAs),
    settle: (object) => views.as(views.as(object, conversions.storedAs), conversions.apiVersion),
    prepare: (prefix, signal) => views.prepare(conversions.cache.list(prefix), signal),
  }
}

class WebhookViews {
  readonly #conversions: Conversions
  readonly #shown = new WeakMap<CachedObject, CachedObject>()
  readonly #converted = new Map<string, JsonObject>()

  constructor(conversions: Conversions) {
    this.#conversions = conversions
  }

  /** The object in a version; what is not known yet is asked for. */
  as(object: JsonObject, apiVersion: string): JsonObject {
    const { kind } = this.#conversions
    if (object['apiVersion'] === apiVersion) return canonical(this.#conversions.read(object, apiVersion), kind, apiVersion)
    const key = keyOf(object, apiVersion)
    const known = this.#converted.get(key)
    if (!known) {
      throw new PendingConversion(async (signal) => {
        for (const one of await this.#ask([object], apiVersion, signal)) this.#keep(key, one)
      })
    }
    return canonical(this.#conversions.read(withMetadataOf(known, object), apiVersion), kind, apiVersion)
  }

  shown(item: CachedObject): CachedObject {
    const { apiVersion } = this.#conversions
    const before = this.#shown.get(item)
    if (before) return before
    return this.#show(item, this.as(withoutRevision(item), apiVersion))
  }

  /** All at once, for lists and watches. */
  async prepare(items: readonly CachedObject[], signal: AbortSignal): Promise<void> {
    const missing = this.#missing(items)
    if (missing.length === 0) return
    const { apiVersion } = this.#conversions
    const found = await this.#ask(missing.map(withoutRevision), apiVersion, signal)
    for (const [index, item] of missing.entries()) {
      const original = withoutRevision(item)
      const object = withMetadataOf(found[index] ?? original, original)
      this.#show(item, canonical(this.#conversions.read(object, apiVersion), this.#conversions.kind, apiVersion))
    }
  }

  cache(): WatchCache {
    const { cache } = this.#conversions
    const event = ({ type, item, previous }: CacheEvent): CacheEvent => ({ type, item: this.shown(item), ...(previous && { previous: this.shown(previous) }) })
    const prepare = (items: readonly CachedObject[], signal: AbortSignal): Promise<void> => this.prepare(items, signal)
    return {
      get revision() {
        return cache.revision
      },
      get: (key) => {
        const item = cache.get(key)
        return item && this.shown(item)
      },
      list: (prefix) => {
        const items = cache.list(prefix)
        if (this.#missing(items).length > 0) throw new PendingConversion((signal) => prepare(items, signal))
        return items.map((item) => this.shown(item))
      },
      waitFor: (revision, signal) => cache.waitFor(revision, signal),
      tellProgress: () => cache.tellProgress(),
      whenReady: (signal) => cache.whenReady(signal),
      async *watch(prefix, options): AsyncGenerator<CacheEventBatch> {
        for await (const { events, revision } of cache.watch(prefix, options)) {
          await prepare(events.flatMap(({ item, previous }) => (previous ? [item, previous] : [item])), options.signal)
          yield { events: events.map(event), revision }
        }
      },
      // The cache behind it is run by its own resource.
      run: async () => {},
    }
  }

  #missing(items: readonly CachedObject[]): readonly CachedObject[] {
    return items.filter((item) => item.object['apiVersion'] !== this.#conversions.apiVersion && !this.#shown.has(item))
  }

  #show(item: CachedObject, object: JsonObject): CachedObject {
    const shown = itemOf(item.key, item.revision, object)
    this.#shown.set(item, shown)
    return shown
  }

  #keep(key: string, object: JsonObject): void {
    for (const oldest of this.#converted.keys()) {
      if (this.#converted.size < MOST_KEPT) break
      this.#converted.delete(oldest)
    }
    this.#converted.set(key, object)
  }

  #ask(objects: readonly JsonObject[], apiVersion: string, signal: AbortSignal): Promise<readonly JsonObject[]> {
    return this.#conversions.convert(objects, apiVersion, signal)
  }
}

/** What a conversion may depend on: an object that is made anew for another attempt has another uid, and is the same to the webhook. */
function keyOf(object: JsonObject, apiVersion: string): string {
  const { metadata, ...content } = object
  const { name, namespace, labels, annotations } = isJsonObject(metadata) ? metadata : ({} as JsonObject)
  return JSON.stringify([apiVersion, name ?? null, namespace ?? null, labels ?? null, annotations ?? null, content])
}

/** Of the metadata a webhook says labels and annotations alone. */
function withMetadataOf(converted: JsonObject, original: JsonObject): JsonObject {
  const { labels: _labels, annotations: _annotations, ...kept } = metadataOf(original)
  const { labels, annotations } = metadataOf(converted)
  return { ...converted, metadata: { ...kept, ...(labels !== undefined && { labels }), ...(annotations !== undefined && { annotations }) } }
}
