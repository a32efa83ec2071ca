/** `metadata.managedFields` as a table of managers, and back. */
import type { ManagedFieldsEntry } from '../../../shared/model/gen/api.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { parseTime } from '../../../shared/model/time.ts'
import { EMPTY, type FieldNode, isEmptySet, union } from './field-set.ts'

export interface ManagerId {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  /** Empty for the resource itself. */
  readonly subresource: string
}

export interface Managed extends ManagerId {
  /** `undefined` for an applier that has never changed anything. */
  readonly time: string | undefined
  readonly set: FieldNode
}

/** By identity: an applier stays itself through versions. */
export type Managers = Map<string, Managed>

export const idOf = ({ manager, operation, apiVersion, subresource }: ManagerId): string => JSON.stringify([manager, operation, operation === 'Apply' ? '' : apiVersion, subresource])

const ELEMENT = /^(?:\.$|f:|k:\{|v:|i:)/

function isFieldNode(value: unknown): value is FieldNode {
  if (!isJsonObject(value)) return false
  for (const element in value) if (!ELEMENT.test(element) || !isFieldNode(value[element])) return false
  return true
}

/** The managers of an object; `undefined` if an entry cannot be read. */
export function readManagers(entries: readonly ManagedFieldsEntry[]): Managers | undefined {
  const managers: Managers = new Map()
  for (const entry of entries) {
    const { manager = '', operation, apiVersion = '', subresource = '', time, fieldsType = '', fieldsV1 = {} } = entry
    if ((operation !== 'Apply' && operation !== 'Update') || (fieldsType !== '' && fieldsType !== 'FieldsV1') || !isFieldNode(fieldsV1)) return undefined
    const read: Managed = { manager, operation, apiVersion, subresource, time, set: fieldsV1 }
    managers.set(idOf(read), read)
  }
  return managers
}

/** Sorted as Kubernetes sorts them; those that own nothing are left out. */
export function writeManagers(managers: Managers): readonly ManagedFieldsEntry[] {
  const owning = [...managers.values()].filter(({ set }) => !isEmptySet(set))
  return owning.toSorted(inOrder).map(({ manager, operation, apiVersion, subresource, time, set }) => ({
    // Who did not say who they are have no name.
    ...(manager === '' ? {} : { manager }),
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: set,
    ...(subresource === '' ? {} : { subresource }),
  }))
}

const secondsOf = (time: string | undefined): number => Math.floor((parseTime(time) ?? 0) / 1000)
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function inOrder(a: Managed, b: Managed): number {
  return byText(a.operation, b.operation) || secondsOf(a.time) - secondsOf(b.time) || byText(a.manager, b.manager) || byText(a.apiVersion, b.apiVersion) || byText(a.subresource, b.subresource)
}

const MOST_UPDATERS = 10
const OLD_UPDATES = 'ancient-changes'

/** Joins the oldest updaters once there are more than ten, per version. */
export function capUpdaters(managers: Managers): void {
  if (managers.size <= MOST_UPDATERS) return
  const updaters = [...managers.entries()].filter(([, { operation }]) => operation === 'Update').toSorted(([, a], [, b]) => secondsOf(a.time) - secondsOf(b.time) || byText(idOf(a), idOf(b)))
  const firstOf = new Map<string, string>()
  let count = updaters.length
  for (const [id, updater] of updaters) {
    if (count <= MOST_UPDATERS) return
    const first = firstOf.get(updater.apiVersion)
    if (first === undefined) {
      firstOf.set(updater.apiVersion, id)
      continue
    }
    const bucket: ManagerId = { manager: OLD_UPDATES, operation: 'Update', apiVersion: updater.apiVersion, subresource: '' }
    const before = managers.get(idOf(bucket)) ?? managers.get(first)
    if (!managers.has(idOf(bucket))) managers.delete(first)
    managers.set(idOf(bucket), { ...bucket, time: updater.time, set: union(updater.set, before?.set ?? EMPTY) })
    managers.delete(id)
    count--
  }
}

export const managedFieldsOf = (object: JsonObject): readonly ManagedFieldsEntry[] | undefined => {
  const metadata = object['metadata']
  const entries = isJsonObject(metadata) ? metadata['managedFields'] : undefined
  return Array.isArray(entries) ? (entries as unknown as readonly ManagedFieldsEntry[]) : undefined
}

/** The object with other managed fields, or with none. */
export function withManagedFields(object: JsonObject, entries: readonly ManagedFieldsEntry[] | undefined): JsonObject {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {}
  const { managedFields: _before, ...rest } = metadata
  return { ...object, metadata: entries === undefined || entries.length === 0 ? rest : { ...rest, managedFields: entries as unknown as Json } }
}
