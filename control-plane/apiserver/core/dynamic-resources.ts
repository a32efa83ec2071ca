/**
 * Resources that come and go while the server runs, beside those that are always there. Whoever looks a resource up asks here and sees what is
 * served at that moment; who has looked one up keeps what he has. What is always there goes first where names meet.
 */
import type { KindDefinition } from '../../registry/kind.ts'
import { apiVersionOf, type Resources, type ResourceStore } from './resources.ts'

export interface DynamicResources extends Resources {
  /** Every kind that is served now; the same array as long as nothing changes. */
  definitions(): readonly KindDefinition[]
  /** Puts stores in the place of those the owner had: all at once, so that nobody sees half of them. None: the owner is gone. */
  replace(owner: string, stores: readonly ResourceStore[]): void
  /** Those that have come. */
  custom(): readonly ResourceStore[]
}

export function dynamicResources(fixed: Resources): DynamicResources {
  const byOwner = new Map<string, readonly ResourceStore[]>()
  let index = indexOf([])
  let definitions: readonly KindDefinition[] = fixed.all.map(({ definition }) => definition)
  return {
    all: fixed.all,
    definitions: () => definitions,
    custom: () => index.all,
    replace(owner, stores) {
      if (stores.length > 0) byOwner.set(owner, stores)
      else if (!byOwner.delete(owner)) return
      index = indexOf([...byOwner.values()].flat())
      definitions = [...fixed.all, ...index.all].map(({ definition }) => definition)
    },
    hasGroup: (group) => fixed.hasGroup(group) || index.groups.has(group),
    hasVersion: (group, version) => fixed.hasVersion(group, version) || index.versions.has(apiVersionOf(group, version)),
    find: (group, version, plural) => fixed.find(group, version, plural) ?? index.byPlural.get(`${apiVersionOf(group, version)}/${plural}`),
    findKind: (group, version, kind) => fixed.findKind(group, version, kind) ?? index.byKind.get(`${apiVersionOf(group, version)}/${kind}`),
    isCustomGroup: (group) => !fixed.hasGroup(group) && index.groups.has(group),
  }
}

interface Index {
  readonly all: readonly ResourceStore[]
  readonly byPlural: ReadonlyMap<string, ResourceStore>
  readonly byKind: ReadonlyMap<string, ResourceStore>
  readonly groups: ReadonlySet<string>
  readonly versions: ReadonlySet<string>
}

const indexOf = (all: readonly ResourceStore[]): Index => ({
  all,
  byPlural: new Map(all.map((store) => [`${store.apiVersion}/${store.definition.plural}`, store])),
  byKind: new Map(all.map((store) => [`${store.apiVersion}/${store.definition.kind}`, store])),
  groups: new Set(all.map(({ definition }) => definition.group)),
  versions: new Set(all.map(({ apiVersion }) => apiVersion)),
})
