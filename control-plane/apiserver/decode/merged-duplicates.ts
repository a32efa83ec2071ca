/** What Go makes of an object in which a key stands twice: a second object is read into the first, anything else takes its place. */
import { isJsonObject, type Json, readJson } from '../../../shared/model/json.ts'
import type { DuplicateKey } from './duplicate-keys.ts'

/** Stands behind the second and later appearances of a key, so that `JSON.parse` keeps them apart. No key of a Kubernetes field holds it. */
const MARK = '\\u0000again'
const MARKED = /\0again(\d+)$/

/** @param text JSON that has been parsed already; `duplicates` are those found in it, in the order of the text. */
export function mergedDuplicates(text: string, duplicates: readonly DuplicateKey[]): Json {
  const parts = duplicates.map(({ at }, index) => `${text.slice(duplicates[index - 1]?.at ?? 0, at)}${MARK}${index}`)
  return merged(readJson(`${parts.join('')}${text.slice(duplicates.at(-1)?.at ?? 0)}`))
}

function merged(value: Json): Json {
  if (Array.isArray(value)) return value.map(merged)
  if (!isJsonObject(value)) return value
  const fields = new Map<string, Json>()
  for (const [name, member] of Object.entries(value)) {
    const key = name.replace(MARKED, '')
    fields.set(key, key === name ? merged(member) : intoTheFirst(fields.get(key), merged(member)))
  }
  return Object.fromEntries(fields)
}

function intoTheFirst(first: Json | undefined, second: Json): Json {
  if (!isJsonObject(first) || !isJsonObject(second)) return second
  const fields = new Map(Object.entries(first))
  for (const [key, member] of Object.entries(second)) fields.set(key, intoTheFirst(fields.get(key), member))
  return Object.fromEntries(fields)
}
