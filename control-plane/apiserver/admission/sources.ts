/** Reads of other objects that plugins need: from the cache, and from the storage when the cache may not have it yet. */
import type { Clock } from '../../../shared/kit/clock.ts'
import type { Random } from '../../../shared/kit/random.ts'
import type { Turns } from '../../../shared/kit/turns.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import type { Storage } from '../../storage/port.ts'
import { storageKey } from '../../storage/port.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import type { Resources } from '../core/resources.ts'
import { itemOfEntry } from '../core/stored.ts'

export interface AdmissionSources {
  readonly storage: Storage
  readonly resources: Resources
  readonly clock: Clock
  readonly random: Random
  /** For what takes long to judge. */
  readonly turns: Turns
}

interface Named {
  readonly group: string
  readonly version: string
  readonly plural: string
}

export const cachedObject = ({ resources }: AdmissionSources, { group, version, plural }: Named, at: { readonly namespace: string; readonly name: string }): JsonObject | undefined =>
  resources.find(group, version, plural)?.cache.get(storageKey({ group, plural }, at.namespace, at.name))?.object

/** The cache's object, or the storage's if the cache has none. */
export async function findObject(sources: AdmissionSources, named: Named, at: { readonly namespace: string; readonly name: string; readonly signal: AbortSignal }): Promise<JsonObject | undefined> {
  const cached = cachedObject(sources, named, at)
  if (cached) return cached
  const entry = await sources.storage.get(storageKey(named, at.namespace, at.name), at.signal)
  return entry && itemOfEntry(entry).object
}

const NOTHING: readonly JsonObject[] = []
/** The cache answers with the same array until something changes. */
const objectsOf = new WeakMap<readonly CachedObject[], readonly JsonObject[]>()

/** All the cache holds of a resource, in a namespace if one is named. */
export function listCached({ resources }: AdmissionSources, { group, version, plural }: Named, namespace = ''): readonly JsonObject[] {
  const items = resources.find(group, version, plural)?.cache.list(storageKey({ group, plural }, namespace)) ?? []
  if (items.length === 0) return NOTHING
  let objects = objectsOf.get(items)
  if (objects === undefined) objectsOf.set(items, (objects = items.map(({ object }) => object)))
  return objects
}

export const namespacesResource: Named = { group: '', version: 'v1', plural: 'namespaces' }
export const nodesResource: Named = { group: '', version: 'v1', plural: 'nodes' }
export const serviceAccountsResource: Named = { group: '', version: 'v1', plural: 'serviceaccounts' }
export const priorityClassesResource: Named = { group: 'scheduling.k8s.io', version: 'v1', plural: 'priorityclasses' }
export const limitRangesResource: Named = { group: '', version: 'v1', plural: 'limitranges' }
export const resourceQuotasResource: Named = { group: '', version: 'v1', plural: 'resourcequotas' }
export const storageClassesResource: Named = { group: 'storage.k8s.io', version: 'v1', plural: 'storageclasses' }
export const ingressClassesResource: Named = { group: 'networking.k8s.io', version: 'v1', plural: 'ingressclasses' }
export const runtimeClassesResource: Named = { group: 'node.k8s.io', version: 'v1', plural: 'runtimeclasses' }
