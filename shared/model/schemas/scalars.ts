/** Scalars as Go reads them from JSON: normalized, or refused in Go's words. */
import { isNumber, isWhole, type Json } from '../json.ts'
import { canonicalQuantity, quantityProblem } from '../quantity.ts'
import { normalMicroTime, normalTime } from './go-time.ts'
import type { ScalarKind } from './types.ts'

export type ReadScalar =
  | { readonly kind: 'value'; readonly value: Json }
  /** Of the wrong type: `found` as Go names JSON types, `wanted` as it names its own. */
  | { readonly kind: 'mismatch'; readonly found: string; readonly wanted: string; readonly stops: boolean }
  /** Of the right type, and yet wrong; reading stops here. */
  | { readonly kind: 'problem'; readonly message: string; readonly stops: boolean }

const value = (json: Json): ReadScalar => ({ kind: 'value', value: json })
const problem = (message: string, stops = true): ReadScalar => ({ kind: 'problem', message, stops })
const mismatch = (json: Json, wanted: string, stops = false): ReadScalar => ({ kind: 'mismatch', found: jsonTypeName(json), wanted, stops })

/** As `encoding/json` names the type of a value in its errors. */
export function jsonTypeName(json: Json): string {
  if (Array.isArray(json)) return 'array'
  if (typeof json === 'boolean') return 'bool'
  return json === null ? 'null' : typeof json === 'bigint' ? 'number' : typeof json
}

const goNames: Readonly<Record<ScalarKind, string>> = {
  string: 'string',
  int32: 'int32',
  int64: 'int64',
  number: 'float64',
  boolean: 'bool',
  bytes: '[]uint8',
  time: 'string',
  microTime: 'string',
  quantity: 'string',
  intOrString: 'int32',
}
export const goScalarName = (kind: ScalarKind): string => goNames[kind]

/** Reads a value that is not null. */
export function readScalar(kind: ScalarKind, json: Json): ReadScalar {
  switch (kind) {
    case 'string':
      return typeof json === 'string' ? value(json) : mismatch(json, 'string')
    case 'boolean':
      return typeof json === 'boolean' ? value(json) : mismatch(json, 'bool')
    case 'int32':
      return readInteger(json, { wanted: 'int32', limit: 2 ** 31 })
    case 'int64':
      return readInteger(json, { wanted: 'int64', limit: 2 ** 63 })
    case 'number':
      return isNumber(json) ? value(Number(json)) : mismatch(json, 'float64')
    case 'bytes':
      return readBytes(json)
    case 'time':
    case 'microTime':
      return readTime(kind, json)
    case 'quantity':
      return readQuantity(json)
    case 'intOrString':
      return readIntOrString(json)
  }
}

function readInteger(json: Json, { wanted, limit }: { readonly wanted: string; readonly limit: number }): ReadScalar {
  if (!isNumber(json)) return mismatch(json, wanted)
  if (!isWhole(json) || json >= limit || json < -limit) return { kind: 'mismatch', found: `number ${json}`, wanted, stops: false }
  return value(json)
}

function readIntOrString(json: Json): ReadScalar {
  if (typeof json === 'string') return value(json)
  const read = readInteger(json, { wanted: 'int32', limit: 2 ** 31 })
  return read.kind === 'mismatch' ? { ...read, stops: true } : read
}

function readTime(kind: 'time' | 'microTime', json: Json): ReadScalar {
  if (typeof json !== 'string') return mismatch(json, 'string', true)
  const read = kind === 'time' ? normalTime(json) : normalMicroTime(json)
  return read.kind === 'time' ? value(read.text) : problem(read.message)
}

function readQuantity(json: Json): ReadScalar {
  const text = typeof json === 'string' || typeof json === 'number' ? json : JSON.stringify(json)
  const canonical = canonicalQuantity(text)
  return canonical === undefined ? problem(quantityProblem(String(text).trim()) ?? '') : value(canonical)
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function readBytes(json: Json): ReadScalar {
  if (typeof json !== 'string') return mismatch(json, '[]uint8')
  const text = /[\r\n]/.test(json) ? json.replace(/[\r\n]/g, '') : json
  return BASE64.test(text) ? value(text) : problem(`illegal base64 data at input byte ${corruptAt(text)}`, false)
}

/** Where Go's decoder stops: at the first strange character, or at the group that is cut short. */
function corruptAt(text: string): number {
  const strange = text.search(/[^A-Za-z0-9+/]/)
  if (strange < 0) return text.length - (text.length % 4)
  const padding = text.charAt(strange) === '='
  if (!padding || strange % 4 < 2) return strange
  const end = strange - (strange % 4) + 4
  const late = strange % 4 === 2 && text.charAt(strange + 1) !== '='
  if (late) return text.length > strange + 1 ? strange + 1 : text.length
  return end
}
