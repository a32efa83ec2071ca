/** `metadata.managedFields` of a write that is not a server-side apply. */
import type { JsonObject } from '../../../shared/model/json.ts'
import { typeOfKind, type ExpectedKind } from '../decode/kinds.ts'
import { updateManagedFields } from '../field-manager/update.ts'
import type { KindDefinition } from '../../registry/kind.ts'
import type { Versions } from '../field-manager/versions.ts'
import type { Call } from './call.ts'
import type { CoreParts } from './parts.ts'
import { apiVersionOf, type Resources, type ResourceStore } from './resources.ts'

export interface ManagedChange {
  /** What stands there; `undefined` at create. */
  readonly live: JsonObject | undefined
  readonly changed: JsonObject
  readonly subresource: string
}

/** The others in which a resource that is always there is served. */
const known = new WeakMap<ResourceStore, readonly ResourceStore[]>()

/** How the other versions of a resource show its objects; `undefined` if it has none. */
export function versionsOf({ resources }: Pick<CoreParts, 'resources'>, store: ResourceStore): Versions | undefined {
  const { definition, location } = store
  if (definition.custom) return customVersions(resources, definition)
  const toStored = (object: JsonObject): JsonObject => definition.storedAs?.toStored(object) ?? object
  const fromStored = (object: JsonObject): JsonObject => definition.storedAs?.fromStored(object) ?? object
  const others = known.get(store) ?? resources.all.filter((one) => one !== store && one.location.plural === location.plural && one.location.group === location.group)
  known.set(store, others)
  if (others.length === 0) return undefined
  return (apiVersion) => {
    const other = others.find((one) => one.apiVersion === apiVersion)?.definition
    return other && { schema: typeOfKind(other), to: (object) => other.storedAs?.fromStored(toStored(object)) ?? toStored(object), from: (object) => fromStored(other.storedAs?.toStored(object) ?? object) }
  }
}

/** Custom resources change nothing but their apiVersion from version to version. */
function customVersions(resources: Resources, { group, plural }: KindDefinition): Versions {
  return (apiVersion) => {
    const other = resources.find(group, apiVersion.slice(group.length + 1), plural)
    const renamed = (object: JsonObject): JsonObject => ({ ...object, apiVersion })
    return other && { schema: typeOfKind(other.definition), to: renamed, from: renamed, strict: true }
  }
}

/** The changed object with its managed fields brought up to date in the name of the caller. */
export function withManagedFields(parts: CoreParts, call: Call, { store, change, kind }: { readonly store: ResourceStore; readonly change: ManagedChange; readonly kind?: ExpectedKind | undefined }): JsonObject {
  const of = kind ?? store.definition
  return updateManagedFields({ ...change, versions: kind ? undefined : versionsOf(parts, store), schema: typeOfKind(of), kind: of.kind, manager: call.manager, apiVersion: apiVersionOf(of.group, of.version), nowMs: parts.clock.nowMs() })
}
