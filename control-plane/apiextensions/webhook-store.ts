/** A version of a definition whose objects a webhook converts. What is stored in that version already is shown as it is. */
import type { Clock } from '../../shared/kit/clock.ts'
import { unlessAborted } from '../../shared/kit/unless-aborted.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import type { ResourceStore } from '../apiserver/core/resources.ts'
import type { Convert } from '../apiserver/core/shown.ts'
import { canonical, itemOf, itemOfEntry, metadataOf, withoutRevision } from '../apiserver/core/stored.ts'
import type { CachedObject, WatchCache } from '../storage/watch-cache-port.ts'

export interface Conversions {
  /** `example.com/v2` */
  readonly apiVersion: string
  /** The one that is stored. */
  readonly storedAs: string
  readonly kind: string
  readonly cache: WatchCache
  readonly clock: Clock
  /** Ends what several wait for: aborts when nothing is served any more. */
  readonly ended: AbortSignal
  /** Without what the version's schema does not know. */
  read(object: JsonObject, apiVersion: string): JsonObject
  readonly convert: Convert
}

type Views = Pick<ResourceStore, 'cache' | 'read' | 'show' | 'toStored' | 'settle'>

/** What one review holds at most: its answer has a limit, and a time to come in. */
const MOST_OBJECTS = 100
const MOST_CHARACTERS = 1024 * 1024
/** For so long lists and watches have an answer in common. The webhook may be mended at any time, and nothing tells. */
export const KEPT_MS = 3000

export function webhookViews(conversions: Conversions): Views {
  const views = new WebhookViews(conversions)
  return {
    cache: conversions.cache,
    read: itemOfEntry,
    show: {
      one: (item, signal) => views.one(item, signal),
      all: (items, signal) => views.all(items, signal),
    },
    toStored: (object, signal) => views.toStored(object, signal),
    settle: (object, signal) => views.settle(object, signal),
  }
}

/** A cached object as it is shown, or will be. */
interface Known {
  readonly shown: Promise<CachedObject>
  untilMs: number
}

class WebhookViews {
  readonly #conversions: Conversions
  readonly #known = new WeakMap<CachedObject, Known>()
  /** What objects that were settled are stored as. */
  readonly #stored = new WeakMap<JsonObject, JsonObject>()

  constructor(conversions: Conversions) {
    this.#conversions = conversions
  }

  /** The object as it comes back; what it came back from is what is stored then, without another question. */
  async settle(object: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    const stored = await this.#as(object, this.#conversions.storedAs, signal)
    const settled = await this.#as(stored, this.#conversions.apiVersion, signal)
    this.#stored.set(settled, stored)
    return settled
  }

  toStored(object: JsonObject, signal: AbortSignal): JsonObject | Promise<JsonObject> {
    return this.#stored.get(object) ?? this.#as(object, this.#conversions.storedAs, signal)
  }

  async one(item: CachedObject, signal: AbortSignal): Promise<CachedObject> {
    return itemOf(item.key, item.revision, await this.#as(withoutRevision(item), this.#conversions.apiVersion, signal))
  }

  async all(items: readonly CachedObject[], signal: AbortSignal): Promise<readonly CachedObject[]> {
    const found: CachedObject[] = []
    for (const chunk of chunksOf(items, (item) => this.#weight(item))) for (const item of await unlessAborted(Promise.all(this.#shown(chunk)), signal)) found.push(item)
    return found
  }

  /** What it adds to a review; 0 if nobody is asked. */
  #weight(item: CachedObject): number {
    return this.#isAsIs(item) || this.#isKnown(item) ? 0 : JSON.stringify(item.object).length
  }

  #isAsIs({ object }: CachedObject): boolean {
    return object['apiVersion'] === this.#conversions.apiVersion
  }

  #isKnown(item: CachedObject): boolean {
    const known = this.#known.get(item)
    return known !== undefined && this.#conversions.clock.monotonicMs() < known.untilMs
  }

  /** In one review, what is not known yet and nobody has asked for. */
  #shown(items: readonly CachedObject[]): readonly Promise<CachedObject>[] {
    const missing = [...new Set(items.filter((item) => !this.#isKnown(item)))]
    const asked = missing.filter((item) => !this.#isAsIs(item))
    const { apiVersion, ended } = this.#conversions
    const answer = asked.length > 0 ? this.#ask(asked.map(withoutRevision), apiVersion, ended) : undefined
    for (const item of missing) if (this.#isAsIs(item)) this.#known.set(item, { shown: Promise.resolve(this.#itemOf(item, withoutRevision(item))), untilMs: Number.POSITIVE_INFINITY })
    for (const [index, item] of asked.entries()) if (answer) this.#keep(item, answer.then((objects) => this.#itemOf(item, withMetadataOf(objects[index] ?? item.object, withoutRevision(item)))))
    return items.map((item) => this.#known.get(item)?.shown ?? Promise.resolve(item))
  }

  #keep(item: CachedObject, shown: Promise<CachedObject>): void {
    const { clock } = this.#conversions
    const known: Known = { shown, untilMs: Number.POSITIVE_INFINITY }
    this.#known.set(item, known)
    shown.then(
      () => (known.untilMs = clock.monotonicMs() + KEPT_MS),
      () => (known.untilMs = 0),
    )
  }

  #itemOf(item: CachedObject, object: JsonObject): CachedObject {
    return itemOf(item.key, item.revision, this.#read(object, this.#conversions.apiVersion))
  }

  async #as(object: JsonObject, apiVersion: string, signal: AbortSignal): Promise<JsonObject> {
    if (object['apiVersion'] === apiVersion) return this.#read(object, apiVersion)
    const [converted = object] = await unlessAborted(this.#ask([object], apiVersion, signal), signal)
    return this.#read(withMetadataOf(converted, object), apiVersion)
  }

  #read(object: JsonObject, apiVersion: string): JsonObject {
    return canonical(this.#conversions.read(object, apiVersion), this.#conversions.kind, apiVersion)
  }

  #ask(objects: readonly JsonObject[], apiVersion: string, signal: AbortSignal): Promise<readonly JsonObject[]> {
    return this.#conversions.convert(objects, apiVersion, signal)
  }
}

/** In their order; those without weight fill no chunk. */
function* chunksOf(items: readonly CachedObject[], weightOf: (item: CachedObject) => number): Generator<readonly CachedObject[]> {
  let chunk: CachedObject[] = []
  let count = 0
  let sum = 0
  for (const item of items) {
    const weight = weightOf(item)
    if (weight > 0 && count > 0 && (count === MOST_OBJECTS || sum + weight > MOST_CHARACTERS)) {
      yield chunk
      chunk = []
      count = 0
      sum = 0
    }
    chunk.push(item)
    count += weight > 0 ? 1 : 0
    sum += weight
  }
  if (chunk.length > 0) yield chunk
}

/** Of the metadata a webhook says labels and annotations alone. */
function withMetadataOf(converted: JsonObject, original: JsonObject): JsonObject {
  const { labels: _labels, annotations: _annotations, ...kept } = metadataOf(original)
  const { labels, annotations } = metadataOf(converted)
  return { ...converted, metadata: { ...kept, ...(labels !== undefined && { labels }), ...(annotations !== undefined && { annotations }) } }
}
