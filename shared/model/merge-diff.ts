/** The JSON merge patch (RFC 7386) that turns one value into another. */
import { deepEqual, isJsonObject, type Json, type JsonObject } from './json.ts'

/** `undefined` when nothing differs. Members that are `undefined` count as missing; lists are replaced as a whole. */
export function mergeDiff(before: unknown, after: unknown): JsonObject | undefined {
  const old = isJsonObject(before) ? before : {}
  const next = isJsonObject(after) ? after : {}
  const patch: Record<string, Json> = {}
  for (const key of new Set([...Object.keys(old), ...Object.keys(next)])) {
    const change = memberDiff(old[key], next[key])
    if (change !== undefined) patch[key] = change
  }
  return Object.keys(patch).length === 0 ? undefined : patch
}

function memberDiff(before: Json | undefined, after: Json | undefined): Json | undefined {
  if (deepEqual(before, after)) return undefined
  if (after === undefined) return null
  if (isJsonObject(before) && isJsonObject(after)) return mergeDiff(before, after)
  return withoutUndefined(after)
}

/** A copy as JSON would carry it. */
function withoutUndefined(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutUndefined)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).flatMap(([key, member]) => (member === undefined ? [] : [[key, withoutUndefined(member)]])))
}
