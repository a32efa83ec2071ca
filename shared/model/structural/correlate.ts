/** Which value of the object before corresponds to a value of the object now, where that can be told. */
import { deepEqual, isJsonObject, type Json } from '../json.ts'
import type { PropsSchema } from './schema.ts'

/** What stood there before; `undefined` where nothing corresponds. */
export interface Correlated {
  readonly old: Json
}

export const correlatedMember = (before: Correlated | undefined, schema: PropsSchema, name: string): Correlated | undefined => {
  if (!before || !isJsonObject(before.old) || schema['x-kubernetes-map-type'] === 'atomic') return undefined
  const old = Object.hasOwn(before.old, name) ? before.old[name] : undefined
  return old === undefined ? undefined : { old }
}

/** Only items of lists that are maps are known again, by their keys. */
export function correlatedItem(before: Correlated | undefined, schema: PropsSchema, item: Json): Correlated | undefined {
  if (!before || !Array.isArray(before.old) || schema['x-kubernetes-list-type'] !== 'map' || !isJsonObject(item)) return undefined
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const same = (before.old as readonly Json[]).filter((one) => isJsonObject(one) && keys.every((key) => deepEqual(one[key], item[key])))
  const [first] = same
  return first === undefined ? undefined : { old: first }
}

export const isUnchanged = (before: Correlated | undefined, value: Json): boolean => before !== undefined && deepEqual(before.old, value)
