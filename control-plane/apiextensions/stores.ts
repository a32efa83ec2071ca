/** The versions of a definition as resources: one place in the storage and one cache for all, each seen through its own schema. */
import type { CustomResourceDefinition } from '../../shared/model/gen/api.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import type { Turns } from '../../shared/kit/turns.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import type { Type } from '../../shared/model/schemas/types.ts'
import { decodeObject } from '../../shared/model/schemas/decode.ts'
import { compileResource } from '../../shared/model/structural/compiled.ts'
import { pruned } from '../../shared/model/structural/prune.ts'
import type { PropsSchema } from '../../shared/model/structural/schema.ts'
import { convertedCache, conversionOf } from '../apiserver/core/converted-cache.ts'
import { namesOf, type ResourceStore } from '../apiserver/core/resources.ts'
import type { Convert } from '../apiserver/core/shown.ts'
import { canonical, itemOfEntry } from '../apiserver/core/stored.ts'
import type { KindDefinition } from '../registry/kind.ts'
import type { CacheEventBatch, WatchCache } from '../storage/watch-cache-port.ts'
import { customKind, schemaOfVersion } from './custom-kind.ts'
import { webhookViews } from './webhook-store.ts'
import type { Rules } from './rules.ts'

export interface StoresOptions {
  readonly definition: CustomResourceDefinition
  /** Of what is stored. */
  readonly cache: WatchCache
  readonly rules: ReadonlyMap<string, Rules>
  /** Which rules take when they judge. */
  readonly turns: Turns
  /** Where versions differ in more than their names. */
  readonly convert: Convert | undefined
  readonly clock: Clock
  /** Aborts when these stores are replaced: their watches end then. */
  readonly replaced: AbortSignal
  /** Aborts when nothing is served any more. */
  readonly ended: AbortSignal
}

interface Schemas {
  readonly schema: PropsSchema
  readonly type: Type
}

export function storesOf({ definition, cache, rules, turns, convert, clock, replaced, ended }: StoresOptions): readonly ResourceStore[] {
  const { versions } = definition.spec
  const byVersion = new Map(versions.map((version) => [version.name, { schema: schemaOfVersion(version), type: compileResource(schemaOfVersion(version)) }]))
  const storage = versions.find((version) => version.storage)
  return versions.flatMap((version) => {
    if (!version.served || !storage) return []
    const kind = customKind({ definition, version, rules: rules.get(version.name), turns })
    return [storeOf(kind, { convert, byVersion, storage: storage.name, cache: endedWith(cache, replaced), clock, ended })]
  })
}

interface Shared {
  readonly convert: Convert | undefined
  readonly byVersion: ReadonlyMap<string, Schemas>
  /** The version that is stored. */
  readonly storage: string
  readonly cache: WatchCache
  readonly clock: Clock
  readonly ended: AbortSignal
}

function storeOf(kind: KindDefinition, shared: Shared): ResourceStore {
  const { convert: byWebhook, byVersion, storage, cache, clock, ended } = shared
  const names = namesOf(kind)
  if (byWebhook) return { ...names, location: kind, ...webhookViews({ apiVersion: names.apiVersion, storedAs: `${kind.group}/${storage}`, kind: kind.kind, cache, clock, ended, read: (object, apiVersion) => knownOf(byVersion.get(versionOf(apiVersion)), object), convert: byWebhook }) }
  const view = byVersion.get(kind.version)
  /** As another version: nothing is converted, but what that one does not know goes. */
  const as = (object: JsonObject, version: string): JsonObject => {
    const to = byVersion.get(version)
    const apiVersion = `${kind.group}/${version}`
    if (object['apiVersion'] === apiVersion || !to) return { ...object, apiVersion }
    return pruned(to.schema, { ...object, apiVersion }, true).value
  }
  const toStored = (object: JsonObject): JsonObject => canonical(as(object, storage), kind.kind, `${kind.group}/${storage}`)
  const fromStored = (object: JsonObject): JsonObject => {
    const written = byVersion.get(String(object['apiVersion'] ?? '').split('/')[1] ?? '') ?? view
    const read = written ? decodeObject(written.type, object).object : object
    return canonical(as(read, kind.version), kind.kind, names.apiVersion)
  }
  const convert = conversionOf({ group: kind.group, version: kind.version, plural: kind.plural, toStored, fromStored })
  return { ...names, cache: convertedCache(cache, convert), location: kind, read: (entry) => convert(itemOfEntry(entry)), toStored, settle: (object) => fromStored(toStored(object)) }
}

const versionOf = (apiVersion: string): string => apiVersion.split('/')[1] ?? ''

/** As far as the version's schema knows it. */
const knownOf = (schemas: Schemas | undefined, object: JsonObject): JsonObject => (schemas ? decodeObject(schemas.type, pruned(schemas.schema, object, true).value).object : object)

/** The cache, with watches that end when the signal aborts: whoever watches asks again, and sees the new schema. */
function endedWith(cache: WatchCache, ended: AbortSignal): WatchCache {
  return {
    get revision() {
      return cache.revision
    },
    get: (key) => cache.get(key),
    list: (prefix) => cache.list(prefix),
    waitFor: (revision, signal) => cache.waitFor(revision, signal),
    tellProgress: () => cache.tellProgress(),
    whenReady: (signal) => cache.whenReady(signal),
    run: (signal) => cache.run(signal),
    async *watch(prefix, options): AsyncGenerator<CacheEventBatch> {
      try {
        yield* cache.watch(prefix, { ...options, signal: AbortSignal.any([options.signal, ended]) })
      } catch (error) {
        if (!ended.aborted || options.signal.aborted) throw error
      }
    },
  }
}
