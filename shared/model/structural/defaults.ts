/** The defaults of a custom resource's schema, and what `null` means in it. */
import { isJsonObject, type Json, type JsonObject, setMember } from '../json.ts'
import { itemsOf, type PropsSchema, valuesOf } from './schema.ts'

/** `null` where none may be: gone, so that a default can take its place; the same where there is none. */
export function withDefaults(schema: PropsSchema, object: JsonObject): JsonObject {
  const filled = fill(schema, object)
  return isJsonObject(filled) ? filled : object
}

function fill(schema: PropsSchema, value: Json): Json {
  if (Array.isArray(value)) {
    const items = itemsOf(schema)
    return items ? replacedItems(value as readonly Json[], items) : value
  }
  return isJsonObject(value) ? fillObject(schema, value) : value
}

function replacedItems(list: readonly Json[], items: PropsSchema): Json {
  const filled = list.map((item) => (item === null && !items.nullable && items.default !== undefined ? items.default : fill(items, item)))
  return filled.some((item, index) => item !== list[index]) ? filled : list
}

function fillObject(schema: PropsSchema, object: JsonObject): JsonObject {
  const values = valuesOf(schema)
  const properties = schema.properties ?? {}
  const result: Record<string, Json> = {}
  let changed = false
  for (const [name, member] of Object.entries(object)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : values
    if (known && member === null && !known.nullable) {
      changed = true
      if (known.default === undefined) continue
      setMember(result, name, fill(known, known.default))
      continue
    }
    const filled = known ? fill(known, member) : member
    if (filled !== member) changed = true
    setMember(result, name, filled)
  }
  for (const [name, known] of Object.entries(properties)) {
    if (known.default === undefined || Object.hasOwn(object, name)) continue
    changed = true
    setMember(result, name, fill(known, known.default))
  }
  return changed ? result : object
}
