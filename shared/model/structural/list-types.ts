/** Lists that are sets or maps hold nothing twice. */
import { duplicate, type FieldError, invalid } from '../field-error.ts'
import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import { itemsOf, type PropsSchema, valuesOf } from './schema.ts'

export function validateListTypes(schema: PropsSchema, value: Json, path = ''): readonly FieldError[] {
  if (Array.isArray(value)) return listErrors(schema, value as readonly Json[], path)
  if (!isJsonObject(value)) return []
  const values = valuesOf(schema)
  const properties = schema.properties ?? {}
  return Object.keys(value)
    .toSorted()
    .flatMap((name) => {
      const known = Object.hasOwn(properties, name) ? properties[name] : undefined
      if (known) return validateListTypes(known, value[name] ?? null, path === '' ? name : `${path}.${name}`)
      return values ? validateListTypes(values, value[name] ?? null, `${path}[${name}]`) : []
    })
}

function listErrors(schema: PropsSchema, list: readonly Json[], path: string): readonly FieldError[] {
  const items = itemsOf(schema)
  const inner = items ? list.flatMap((item, index) => validateListTypes(items, item, `${path}[${index}]`)) : []
  return [...repeated(schema, list, path), ...inner]
}

/** Each thing that comes again is told once, at its second place. */
function repeated(schema: PropsSchema, list: readonly Json[], path: string): readonly FieldError[] {
  const type = schema['x-kubernetes-list-type']
  if (type !== 'set' && type !== 'map') return []
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const strange = type === 'map' ? list.findIndex((item) => item !== null && !isJsonObject(item)) : -1
  if (strange >= 0) return [invalid(`${path}[${strange}]`, list[strange], 'must be an object for an array of list-type map')]
  const seen = new Map<string, number>()
  return list.flatMap((item, index) => {
    const identity = type === 'set' ? item : keysOf(item, keys)
    const text = textOf(identity)
    const times = (seen.get(text) ?? 0) + 1
    seen.set(text, times)
    return times === 2 ? [duplicate(`${path}[${index}]`, sorted(identity))] : []
  })
}

/** The same for all items of a list with the same keys. */
export const keyText = (item: JsonObject, keys: readonly string[]): string => textOf(keysOf(item, keys))

const textOf = (value: Json): string => JSON.stringify(sorted(value))

const keysOf = (item: Json, keys: readonly string[]): Json => (isJsonObject(item) ? Object.fromEntries(keys.flatMap((key) => (item[key] === undefined ? [] : [[key, item[key]]]))) : {})

/** With the members of objects in the order in which Go prints a map. */
export function sorted(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(sorted)
  if (!isJsonObject(value)) return value
  const object: JsonObject = value
  return Object.fromEntries(Object.keys(object).toSorted().map((key) => [key, sorted(object[key] ?? null)]))
}
