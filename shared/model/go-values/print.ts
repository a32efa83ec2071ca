/** Values as Kubernetes prints them to make hashes of: with the names of fields and types, absent ones included, maps by their keys. PURE. */
import { isJsonObject, type Json } from '../json.ts'
import { fieldsOf } from './layouts.ts'

const NIL = '<nil>'
const NO_TIME = '{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}'

/** A value of a Go type, with the type before it. @param value as it stands in JSON; absent and null mean the type's zero. */
export function goTyped(type: string, value: Json | undefined): string {
  return `(${type})${body(type, value ?? undefined)}`
}

function body(type: string, value: Json | undefined): string {
  if (type.startsWith('*')) return value === undefined || value === null ? NIL : body(type.slice(1), value)
  if (type.startsWith('[]')) return list(type.slice(2), value)
  if (type === 'map[string]string') return map('string', value)
  if (type === 'v1.ResourceList') return map('resource.Quantity', value)
  switch (type) {
    case 'resource.Quantity':
      return quantity(value)
    case 'intstr.IntOrString':
      return intOrString(value)
    case 'v1.Time':
      return NO_TIME
    case 'bool':
      return String(value ?? false)
    case 'int32':
    case 'int64':
      return String(value ?? 0)
    default:
      return struct(type, value) ?? String(value ?? '')
  }
}

function list(item: string, value: Json | undefined): string {
  return Array.isArray(value) && value.length > 0 ? `[${(value as readonly Json[]).map((one) => body(item, one)).join(' ')}]` : NIL
}

function map(item: string, value: Json | undefined): string {
  const keys = isJsonObject(value) ? Object.keys(value).toSorted() : []
  return keys.length === 0 ? NIL : `map[${keys.map((key) => `${key}:${body(item, isJsonObject(value) ? value[key] : undefined)}`).join(' ')}]`
}

function struct(type: string, value: Json | undefined): string | undefined {
  const fields = fieldsOf(type)
  if (!fields) return undefined
  const object = isJsonObject(value) ? value : {}
  return `{${fields.map(({ name, type: own, json }) => `${name}:${goTyped(own, json === undefined ? object : object[json])}`).join(' ')}}`
}

function intOrString(value: Json | undefined): string {
  const text = typeof value === 'string'
  return `{Type:(intstr.Type)${text ? 1 : 0} IntVal:(int32)${text ? 0 : String(value ?? 0)} StrVal:(string)${text ? value : ''}}`
}

/** Exponents of ten. */
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

/** A number, its exponent of ten, and how it was written. */
function quantity(value: Json | undefined): string {
  const text = value === undefined || value === null ? '' : String(value)
  const [, sign = '', whole = '', part = '', suffix = ''] = /^([+-]?)(\d*)(?:\.(\d*))?(.*)$/.exec(text) ?? []
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix)?.[1]
  const power = binary.indexOf(suffix)
  const digits = BigInt(whole + part || '0') * (power < 0 ? 1n : 1024n ** BigInt(power + 1))
  const scale = (power >= 0 ? 0 : exponent === undefined ? (decimal[suffix] ?? 0) : Number(exponent)) - part.length
  const format = text === '' || text === '0' ? '' : power >= 0 ? 'BinarySI' : exponent === undefined ? 'DecimalSI' : 'DecimalExponent'
  return `{i:(resource.int64Amount){value:(int64)${sign === '-' ? -digits : digits} scale:(resource.Scale)${scale}} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)${text} Format:(resource.Format)${format}}`
}
