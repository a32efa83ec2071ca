import { isJsonObject, type Json } from '../../shared/model/json.ts'

/** The value without members that are `undefined`; the same value when there are none. */
export function plain<T extends Json>(value: T): T {
  if (Array.isArray(value)) return plainList(value) as unknown as T
  return isJsonObject(value) ? (plainObject(value) as T) : value
}

function plainList(list: readonly Json[]): readonly Json[] {
  let changed = false
  const result = list.map((item) => {
    const cleaned = plain(item)
    changed ||= cleaned !== item
    return cleaned
  })
  return changed ? result : list
}

function plainObject(object: Readonly<Record<string, Json | undefined>>): Json {
  const result: Record<string, Json> = {}
  let changed = false
  for (const key of Object.keys(object)) {
    const value = object[key]
    const cleaned = value === undefined ? undefined : plain(value)
    if (cleaned !== undefined) result[key] = cleaned
    changed ||= cleaned !== value || value === undefined
  }
  return changed ? result : (object as Json)
}
