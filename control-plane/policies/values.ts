/** JSON as expressions see it: whole numbers are ints. */
import { isJsonObject, type Json } from '../../shared/model/json.ts'
import type { Value } from '../cel/values.ts'

export function valueOfJson(json: Json): Value {
  if (Array.isArray(json)) return (json as readonly Json[]).map(valueOfJson)
  if (isJsonObject(json)) return new Map(Object.entries(json).map(([key, value]) => [key, valueOfJson(value)]))
  return typeof json === 'number' && Number.isInteger(json) ? BigInt(json) : (json as Value)
}
