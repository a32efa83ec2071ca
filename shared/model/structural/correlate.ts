/** Which value of the object before corresponds to a value of the object now, where that can be told. */
import { deepEqual, isJsonObject, type Json } from '../json.ts'
import { keyText } from './list-types.ts'
import type { PropsSchema } from './schema.ts'

/** What stood there before; `undefined` where nothing corresponds. */
export interface Correlated {
  readonly old: Json
}

export const correlatedMember = (before: Correlated | undefined, name: string): Correlated | undefined => {
  if (!before || !isJsonObject(before.old)) return undefined
  const old = Object.hasOwn(before.old, name) ? before.old[name] : undefined
  return old === undefined ? undefined : { old }
}

/** For the items of one list, each in no time. Only items of lists that are maps are known again, by their keys. */
export function correlatedItems(before: Correlated | undefined, schema: PropsSchema): (item: Json) => Correlated | undefined {
  if (!before || !Array.isArray(before.old) || schema['x-kubernetes-list-type'] !== 'map') return () => undefined
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const known = new Map<string, Correlated>()
  // Of several with the same keys the first is meant.
  for (const old of (before.old as readonly Json[]).toReversed()) if (isJsonObject(old)) known.set(keyText(old, keys), { old })
  return (item) => (isJsonObject(item) ? known.get(keyText(item, keys)) : undefined)
}

export const isUnchanged = (before: Correlated | undefined, value: Json): boolean => before !== undefined && deepEqual(before.old, value)
