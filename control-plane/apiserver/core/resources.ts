/** Every resource the server offers: its definition, where it is stored and the cache that serves its reads. */
import type { KindDefinition, Subresource } from '../../registry/kind.ts'
import { storageKey } from '../../storage/port.ts'
import type { WatchCache } from '../../storage/watch-cache-port.ts'
import type { Subject } from '../status.ts'

export interface ResourceStore {
  readonly definition: KindDefinition
  readonly cache: WatchCache
  /** `apps/v1`, or `v1`. */
  readonly apiVersion: string
  /** As NotFound and Conflict name it: `pods`. */
  readonly resource: Subject
  /** As Invalid names it: `Pod`. */
  readonly kind: Subject
}

export interface Resources {
  readonly all: readonly ResourceStore[]
  hasGroup(group: string): boolean
  hasVersion(group: string, version: string): boolean
  find(group: string, version: string, plural: string): ResourceStore | undefined
  /** By kind, for bodies and owner references. */
  findKind(group: string, version: string, kind: string): ResourceStore | undefined
}

export const apiVersionOf = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`)

/** @param cacheFor one cache a resource; the owner of the process runs them. */
export function resourcesOf(definitions: readonly KindDefinition[], cacheFor: (prefix: string, definition: KindDefinition) => WatchCache): Resources {
  const all = definitions.map(
    (definition): ResourceStore => ({
      definition,
      cache: cacheFor(storageKey(definition), definition),
      apiVersion: apiVersionOf(definition.group, definition.version),
      resource: { group: definition.group, name: definition.plural },
      kind: { group: definition.group, name: definition.kind },
    }),
  )
  const byPlural = new Map(all.map((store) => [`${store.apiVersion}/${store.definition.plural}`, store]))
  const byKind = new Map(all.map((store) => [`${store.apiVersion}/${store.definition.kind}`, store]))
  const groups = new Set(all.map((store) => store.definition.group))
  const versions = new Set(all.map((store) => store.apiVersion))
  return {
    all,
    hasGroup: (group) => groups.has(group),
    hasVersion: (group, version) => versions.has(apiVersionOf(group, version)),
    find: (group, version, plural) => byPlural.get(`${apiVersionOf(group, version)}/${plural}`),
    findKind: (group, version, kind) => byKind.get(`${apiVersionOf(group, version)}/${kind}`),
  }
}

export const findSubresource = (definition: KindDefinition, name: string): Subresource | undefined => definition.subresources.find((one) => one.name === name)

/** The storage key of one object. */
export const keyAt = (store: ResourceStore, namespace: string, name: string): string => storageKey(store.definition, namespace, name)
