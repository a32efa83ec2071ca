/** Who owns what after a create, an update, a patch or a write through a subresource. */
import { formatTime } from '../../../shared/model/time.ts'
import { deepEqual, isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import { type Type, typeOf } from '../../../shared/model/schemas/types.ts'
import { capUpdaters, idOf, managedFieldsOf, type ManagerId, type Managers, readManagers, withManagedFields, writeManagers } from './entries.ts'
import { difference, EMPTY, isEmptySet, union } from './field-set.ts'
import { resetPaths, withoutStripped } from './owned-paths.ts'
import { followSchema } from './schema-change.ts'
import { typedProblem } from './check-typed.ts'
import { comparisons, typeIn, type Versions } from './versions.ts'

export interface FieldUpdate {
  /** The name of a built-in schema, or a compiled type. */
  readonly schema: string | Type
  /** Of the kind, for what its endpoints ignore. */
  readonly kind: string
  /** What stands there; `undefined` at create. */
  readonly live: JsonObject | undefined
  /** The wanted object: decoded and defaulted, before admission. */
  readonly changed: JsonObject
  /** See {@link managerName}. */
  readonly manager: string
  /** Of the endpoint. */
  readonly apiVersion: string
  readonly subresource: string
  readonly nowMs: number
  /** The kind's other versions, where it has any. */
  readonly versions?: Versions | undefined
}

/** The changed object with its managed fields brought up to date. */
export function updateManagedFields(update: FieldUpdate): JsonObject {
  const { live, changed, subresource } = update
  const [given, before] = [managedFieldsOf(changed), live && managedFieldsOf(live)]
  if (live && given !== undefined && given.length === 0 && subresource === '' && isOnlyReset(live, changed)) return withManagedFields(changed, before)
  const managers = managersFor({ given, before, subresource })
  // An object that has got rid of its managed fields stays without, until somebody applies.
  if (managers.size === 0 && live !== undefined) return withManagedFields(changed, undefined)
  if (isUntellable(managers, update)) return withManagedFields(changed, undefined)
  track(managers, update)
  return withManagedFields(changed, writeManagers(managers))
}

/** Whether somebody's version cannot hold what the object has come to be. */
function isUntellable(managers: Managers, { changed, apiVersion, versions }: FieldUpdate): boolean {
  return [...managers.values()].some((managed) => {
    const other = managed.apiVersion === apiVersion ? undefined : versions?.(managed.apiVersion)
    return other?.strict === true && typedProblem(typeIn(other), other.to(changed)) !== undefined
  })
}

/** Whether a write changes nothing but to empty the list: then it stays. */
function isOnlyReset(live: JsonObject, changed: JsonObject): boolean {
  const bare = (object: JsonObject): JsonObject => {
    const { resourceVersion: _version, generation: _generation, ...metadata } = isJsonObject(object['metadata']) ? object['metadata'] : {}
    return withManagedFields({ ...object, metadata }, undefined)
  }
  return deepEqual(bare(live), bare(changed))
}

interface Sources {
  readonly given: ReturnType<typeof managedFieldsOf>
  readonly before: ReturnType<typeof managedFieldsOf>
  readonly subresource: string
}

/** A request may bring its own list, or reset it; through a subresource it may not. What cannot be read counts as not given. */
function managersFor({ given, before, subresource }: Sources): Managers {
  const live = (): Managers => readManagers(before ?? []) ?? new Map()
  if (subresource !== '' || given === undefined) return live()
  if (given.length === 0 || (given.length === 1 && Object.keys(given[0] ?? {}).length === 0)) return new Map()
  const managers = given === before ? live() : readManagers(given)
  return managers && managers.size > 0 ? managers : live()
}

/** Gives the fields that changed to the writer and takes them, and what was removed, from all others. */
function track(managers: Managers, { schema, kind, live, changed, manager, apiVersion, subresource, nowMs, versions }: FieldUpdate): void {
  const type = typeof schema === 'string' ? typeOf(schema) : schema
  followSchema(managers, { schema, apiVersion, versions })
  const foundIn = comparisons({ type, apiVersion, before: live ?? {}, after: changed, ignored: resetPaths(kind, subresource), versions })
  for (const [id, managed] of managers) {
    const seen = foundIn(managed.apiVersion)
    const set = seen ? difference(difference(managed.set, seen.changed), seen.removed) : EMPTY
    if (isEmptySet(set)) managers.delete(id)
    else if (set !== managed.set) managers.set(id, { ...managed, set })
  }
  const taken = withoutStripped(foundIn(apiVersion)?.changed ?? EMPTY)
  if (isEmptySet(taken)) return
  const writer: ManagerId = { manager, operation: 'Update', apiVersion, subresource }
  const id = idOf(writer)
  const before = managers.get(id)
  managers.set(id, { ...writer, time: formatTime(nowMs), set: union(taken, before?.set ?? EMPTY) })
  capUpdaters(managers)
}

/** As {@link updateManagedFields}, for an object that never was tracked and is about to be applied to. */
export function trackBeforeFirstApply(managers: Managers, update: FieldUpdate): void {
  track(managers, { ...update, live: undefined })
}
