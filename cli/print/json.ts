/** JSON as Go prints it: keys in order, four spaces, `<`, `>` and `&` escaped. */
import { isJsonObject } from '../../shared/model/json.ts'

/** The value with the members of every object in order. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .filter((key) => value[key] !== undefined)
      .map((key) => [key, sorted(value[key])]),
  )
}

const ESCAPED = new RegExp('[<>&\\u2028\\u2029]', 'g')
const escapeForGo = (json: string): string => json.replace(ESCAPED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

export const jsonText = (value: unknown): string => `${escapeForGo(JSON.stringify(sorted(value), null, 4))}\n`

/** On one line, as annotations hold it. */
export const compactJson = (value: unknown): string => escapeForGo(JSON.stringify(sorted(value)))
