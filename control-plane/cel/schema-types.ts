/** Schemas of custom resources as types of CEL: what rules may name, how large it may be, and values as rules see them. */
import { isJsonObject, type Json } from '../../shared/model/json.ts'
import { isEmbedded, isIntOrString, itemsOf, preservesUnknown, type PropsSchema, valuesOf } from '../../shared/model/structural/schema.ts'
import type { Size } from './cost.ts'
import { parseDuration, parseTimestamp } from './times.ts'
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, DYN, INT, listOf, mapOf, STRING, TIMESTAMP } from './types.ts'
import type { Value } from './values.ts'

const KEYWORDS: ReadonlySet<string> = new Set(['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while'])

/** The name by which a rule calls a property; `undefined` for one that none can. */
export function escapedName(name: string): string | undefined {
  if (!/^[A-Za-z_][\w./-]*$/.test(name)) return undefined
  if (KEYWORDS.has(name)) return `__${name}__`
  return name.replace(/__|\.|-|\//g, (part) => ({ __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' })[part] ?? part)
}

const META: PropsSchema = { type: 'object', properties: { name: { type: 'string' }, generateName: { type: 'string' } } }

/** A whole object has kind, apiVersion and a name, whatever its schema says. */
export function ruled(schema: PropsSchema, isRoot: boolean): PropsSchema {
  if (!isRoot && !isEmbedded(schema)) return schema
  return { ...schema, type: 'object', properties: { ...schema.properties, kind: { type: 'string' }, apiVersion: { type: 'string' }, metadata: META } }
}

let objects = 0

/** `undefined` for what rules cannot see. */
export function typeOfSchema(schema: PropsSchema): CelType | undefined {
  if (isIntOrString(schema)) return DYN
  switch (schema.type) {
    case 'array': {
      const items = itemsOf(schema)
      const type = items && typeOfSchema(items)
      return type && listOf(type)
    }
    case 'object':
      return objectType(ruled(schema, false))
    case 'string':
      return schema.format === 'byte' ? BYTES : schema.format === 'duration' ? DURATION : schema.format === 'date' || schema.format === 'date-time' ? TIMESTAMP : STRING
    case 'boolean':
      return BOOL
    case 'number':
      return DOUBLE
    case 'integer':
      return INT
    default:
      return undefined
  }
}

export function objectType(schema: PropsSchema): CelType | undefined {
  const values = valuesOf(schema)
  if (values) {
    const type = typeOfSchema(values)
    return type && mapOf(STRING, type)
  }
  const fields = new Map<string, CelType>()
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const escaped = escapedName(name)
    const type = typeOfSchema(property)
    if (escaped !== undefined && type) fields.set(escaped, type)
  }
  return { kind: 'object', name: `object${++objects}`, fields }
}

/** As much as a request can bring. */
const MAX_REQUEST = 3 * 1024 * 1024

/** How short a value can be written. */
export function leastSize(schema: PropsSchema): number {
  if (isIntOrString(schema)) return 1
  switch (schema.type) {
    case 'string':
      return (schema.enum ?? []).length > 0 ? Math.min(...(schema.enum ?? []).map((one) => (typeof one === 'string' ? one.length + 2 : 2))) : (MIN_TEXT[schema.format ?? ''] ?? 2)
    case 'boolean':
      return 4
    case 'object':
      return (schema.required ?? []).reduce((sum, name) => {
        const property = schema.properties?.[name]
        return property && property.default === undefined ? sum + name.length + 4 + leastSize(property) : sum
      }, 2)
    case 'array':
      return 2
    default:
      return 1
  }
}

const MIN_TEXT: Readonly<Record<string, number>> = { duration: 4, date: 12, 'date-time': 22 }
const MAX_TEXT: Readonly<Record<string, number>> = { date: 10, 'date-time': 35, duration: MAX_REQUEST - 2, uuid: 36 }

/** Nothing says how long they may be: Kubernetes counts them as empty. */
const KEYS: Size = { size: 0 }

/** How many values of the schema fit into a request. */
export const mostValues = (schema: PropsSchema): number => Math.floor(MAX_REQUEST / (leastSize(schema) + 1)) + 1

export function sizeOfSchema(schema: PropsSchema): Size {
  const items = itemsOf(schema)
  const values = valuesOf(schema)
  switch (schema.type) {
    case 'array':
      return { size: Number(schema.maxItems ?? Math.floor((MAX_REQUEST - 2) / ((items ? leastSize(items) : 1) + 1))), items: items && sizeOfSchema(items) }
    case 'object':
      if (values) return { size: Number(schema.maxProperties ?? Math.floor((MAX_REQUEST - 2) / (leastSize(values) + 6))), items: sizeOfSchema(values), keys: KEYS }
      return { size: 1, fields: new Map(Object.entries(schema.properties ?? {}).map(([name, property]) => [escapedName(name) ?? name, sizeOfSchema(property)])) }
    case 'string':
      if (schema.maxLength !== undefined) return { size: Number(schema.maxLength) * (schema.format ? 1 : 4) }
      if (schema.enum && schema.enum.length > 0) return { size: Math.max(...schema.enum.map((one) => String(one).length)) }
      return { size: MAX_TEXT[schema.format ?? ''] ?? MAX_REQUEST - 2 }
    default:
      return { size: isIntOrString(schema) ? MAX_REQUEST - 2 : 1 }
  }
}

/** A value as rules see it. */
export function valueOf(schema: PropsSchema, json: Json): Value {
  if (json === null) return null
  if (Array.isArray(json)) {
    const items = itemsOf(schema) ?? {}
    return (json as readonly Json[]).map((item) => valueOf(items, item))
  }
  if (isJsonObject(json)) return objectValue(schema, json)
  if (typeof json === 'bigint') return schema.type === 'number' ? Number(json) : json
  if (typeof json === 'number') return schema.type === 'number' || !Number.isSafeInteger(json) ? json : BigInt(json)
  return typeof json === 'string' ? textValue(schema, json) : (json as boolean)
}

function objectValue(schema: PropsSchema, json: Readonly<Record<string, Json>>): Value {
  const values = valuesOf(schema)
  const properties = schema.properties ?? {}
  const entries: Array<readonly [Value, Value]> = []
  for (const [name, member] of Object.entries(json)) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (property) entries.push([escapedName(name) ?? name, valueOf(property, member)])
    else if (values) entries.push([name, valueOf(values, member)])
    else if (preservesUnknown(schema)) entries.push([name, valueOf({}, member)])
  }
  return new Map(entries)
}

function textValue({ format }: PropsSchema, text: string): Value {
  switch (format) {
    case 'byte':
      return Uint8Array.from(Buffer.from(text, 'base64'))
    case 'duration':
      return parseDuration(text) ?? text
    case 'date':
      return parseTimestamp(`${text}T00:00:00Z`) ?? text
    case 'date-time':
      return parseTimestamp(text) ?? text
    default:
      return text
  }
}
