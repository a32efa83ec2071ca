/** Query parameters as Kubernetes converts them to Go values, with the errors of Go's `strconv`. */
import { wholeNumber } from '../../../shared/model/json.ts'
import { badRequest } from '../status.ts'

const MAX_INT64 = 9_223_372_036_854_775_807n
const MIN_INT64 = -9_223_372_036_854_775_808n

/** As near as a double comes to it; `undefined` when the parameter is absent. Throws a 400. */
export function intParameter(query: URLSearchParams, name: string): number | undefined {
  const value = wholeParameter(query, name)
  return value === undefined ? undefined : Number(value)
}

/** With all its digits; `undefined` when the parameter is absent. Throws a 400. */
export function wholeParameter(query: URLSearchParams, name: string): number | bigint | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  const value = BigInt(text.replace(/^\+/, ''))
  if (value > MAX_INT64 || value < MIN_INT64) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`)
  return wholeNumber(value)
}

/** Absent, `false` (in any case) and `0` are false; anything else, even nothing, is true. */
export function boolParameter(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  return text !== '0' && text.toLowerCase() !== 'false'
}

export const textParameter = (query: URLSearchParams, name: string): string => query.get(name) ?? ''
