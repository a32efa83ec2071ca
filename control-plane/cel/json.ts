/** Values of expressions as JSON. */
import { type Json, type JsonObject, wholeNumber } from '../../shared/model/json.ts'
import { durationText, timestampText } from './times.ts'
import { CelFault, Duration, Message, Optional, Timestamp, typeNameOf, Uint, type Value } from './values.ts'

export function jsonOf(value: Value): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value
  if (typeof value === 'bigint') return wholeNumber(value)
  if (value instanceof Uint) return wholeNumber(value.value)
  if (Array.isArray(value)) return (value as readonly Value[]).map(jsonOf)
  if (value instanceof Map) return Object.fromEntries([...(value as ReadonlyMap<Value, Value>)].map(([key, member]) => [String(key), jsonOf(member)])) as JsonObject
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Timestamp) return timestampText(value)
  if (value instanceof Duration) return durationText(value)
  if (value instanceof Optional) return value.value === undefined ? null : jsonOf(value.value)
  throw new CelFault(`unsupported conversion to JSON: ${typeNameOf(value)}`)
}

/** Literals are called after the fields that lead to them: the first that is not, in words; `undefined` if all are. */
export function misnamed(value: Value, path: readonly string[]): string | undefined {
  if (value instanceof Message) {
    const expected = path.join('.')
    if (value.typeName !== expected) return `unexpected type name ${JSON.stringify(value.typeName)}, expected ${JSON.stringify(expected)}, which matches field name path from root Object type`
  }
  if (Array.isArray(value)) return first((value as readonly Value[]).map((item) => () => misnamed(item, path)))
  return value instanceof Map ? first([...(value as ReadonlyMap<Value, Value>)].map(([key, member]) => () => misnamed(member, [...path, String(key)]))) : undefined
}

function first(questions: ReadonlyArray<() => string | undefined>): string | undefined {
  for (const ask of questions) {
    const answer = ask()
    if (answer !== undefined) return answer
  }
  return undefined
}
