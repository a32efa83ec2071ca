/** Every resource the server offers: its definition, where it is stored and the cache that serves its reads. */
import type { JsonObject } from '../../../shared/model/json.ts'
import type { KindDefinition, StoredAs, Subresource } from '../../registry/kind.ts'
import { storageKey, type Entry } from '../../storage/port.ts'
import type { CachedObject, WatchCache } from '../../storage/watch-cache-port.ts'
import type { Subject } from '../status.ts'
import { convertedCache, conversionOf } from './converted-cache.ts'
import { noCache } from './no-cache.ts'
import type { Awaitable, Shows } from './shown.ts'
import { canonical, itemOfEntry } from './stored.ts'

export interface ResourceStore {
  readonly definition: KindDefinition
  /** In the shape of the kind, even when it is stored as another; as it is stored where somebody else shows it. */
  readonly cache: WatchCache
  /** Where it is stored. */
  readonly location: { readonly group: string; readonly plural: string }
  /** What is stored, in the same shape. */
  read(entry: Entry): CachedObject
  /** Who has to be asked for the shape of the kind, if that is somebody else. */
  readonly show?: Shows
  /** The object as it comes back from the storage, where that is not as it went in. */
  settle?(object: JsonObject, signal: AbortSignal): Awaitable<JsonObject>
  /** What is to be stored, of an object in the canonical order. */
  toStored(object: JsonObject, signal: AbortSignal): Awaitable<JsonObject>
  /** `apps/v1`, or `v1`. */
  readonly apiVersion: string
  /** As NotFound and Conflict name it: `pods`. */
  readonly resource: Subject
  /** As Invalid names it: `Pod`. */
  readonly kind: Subject
}

export interface Resources {
  /** Those that are always there. */
  readonly all: readonly ResourceStore[]
  hasGroup(group: string): boolean
  hasVersion(group: string, version: string): boolean
  find(group: string, version: string, plural: string): ResourceStore | undefined
  /** Those that have come, where any come and go. */
  custom?(): readonly ResourceStore[]
  /** Whether everything in the group comes and goes. */
  isCustomGroup?(group: string): boolean
  /** By kind, for bodies and owner references. */
  findKind(group: string, version: string, kind: string): ResourceStore | undefined
}

export const apiVersionOf = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`)

/** @param cacheFor one cache for each resource that is stored; the owner of the process runs them. Kinds stored as others come after those. */
export function resourcesOf(definitions: readonly KindDefinition[], cacheFor: (prefix: string, definition: KindDefinition) => WatchCache): Resources {
  const all: ResourceStore[] = []
  for (const definition of definitions) all.push(definition.storedAs ? alternateOf(definition, definition.storedAs, all) : storedOf(definition, definition.stored === false ? noCache : cacheFor(storageKey(definition), definition)))
  const byPlural = Map.groupBy(all, (store) => store.definition.plural)
  const byKind = new Map(all.map((store) => [`${store.apiVersion}/${store.definition.kind}`, store]))
  const groups = new Set(all.map((store) => store.definition.group))
  const versions = new Set(all.map((store) => store.apiVersion))
  return {
    all,
    hasGroup: (group) => groups.has(group),
    hasVersion: (group, version) => versions.has(apiVersionOf(group, version)),
    find: (group, version, plural) => byPlural.get(plural)?.find(({ definition }) => definition.group === group && definition.version === version),
    findKind: (group, version, kind) => byKind.get(`${apiVersionOf(group, version)}/${kind}`),
  }
}

export const namesOf = (definition: KindDefinition): Pick<ResourceStore, 'definition' | 'apiVersion' | 'resource' | 'kind'> => ({
  definition,
  apiVersion: apiVersionOf(definition.group, definition.version),
  resource: { group: definition.group, name: definition.plural },
  kind: { group: definition.group, name: definition.kind },
})

const storedOf = (definition: KindDefinition, cache: WatchCache): ResourceStore => ({ ...namesOf(definition), cache, location: definition, read: itemOfEntry, toStored: (object) => object })

/** The objects of another resource under other names: one cache, one place in the storage. */
function alternateOf(definition: KindDefinition, storedAs: StoredAs, before: readonly ResourceStore[]): ResourceStore {
  const primary = before.find((store) => store.definition.group === storedAs.group && store.definition.plural === storedAs.plural)
  if (!primary) throw new Error(`${definition.plural}.${definition.group} is stored as ${storedAs.plural}.${storedAs.group}, which is not served`)
  const { kind } = primary.definition
  const convert = conversionOf(storedAs)
  return {
    ...namesOf(definition),
    // Refusals speak of what is stored.
    resource: primary.resource,
    kind: primary.kind,
    cache: convertedCache(primary.cache, convert),
    location: primary.location,
    read: (entry) => convert(primary.read(entry)),
    toStored: (object) => canonical(storedAs.toStored(object), kind, primary.apiVersion),
  }
}

export const findSubresource = (definition: KindDefinition, name: string): Subresource | undefined => definition.subresources.find((one) => one.name === name)

/** An object of the canonical order as it will be read again. */
export const settled = (store: ResourceStore, object: JsonObject, signal: AbortSignal): Awaitable<JsonObject> => store.settle?.(object, signal) ?? object

/** The storage key of one object. */
export const keyAt = (store: ResourceStore, namespace: string, name: string): string => storageKey(store.location, namespace, name)

/** The prefix of the resource's keys, or of those in one namespace. */
export const prefixOf = (store: ResourceStore, namespace = ''): string => storageKey(store.location, namespace)
