/** JSON as expressions see it: whole numbers are ints, and fractions all that 64 bits do not hold. */
import { isJsonObject, type Json } from '../../shared/model/json.ts'
import type { Value } from '../cel/values.ts'

export function valueOfJson(json: Json): Value {
  if (Array.isArray(json)) return (json as readonly Json[]).map(valueOfJson)
  if (isJsonObject(json)) return new Map(Object.entries(json).map(([key, value]) => [key, valueOfJson(value)]))
  return typeof json === 'number' && Number.isSafeInteger(json) ? BigInt(json) : (json as Value)
}
