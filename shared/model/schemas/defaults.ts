/** The defaults that schemas declare: `protocol: TCP`. What Kubernetes computes is the registry's. */
import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import { type ObjectType, type Type, typeOf } from './types.ts'

const declaring = new WeakMap<Type, boolean>()

/** Whether anything under the type declares a default; a type that holds itself is looked at once. */
function declares(type: Type): boolean {
  const known = declaring.get(type)
  if (known !== undefined) return known
  declaring.set(type, false)
  const found = declaresBelow(type)
  declaring.set(type, found)
  return found
}

function declaresBelow(type: Type): boolean {
  switch (type.kind) {
    case 'object':
      return [...type.fields.values()].some((field) => field.default !== undefined || declares(field.type))
    case 'list':
      return declares(type.items)
    case 'map':
      return declares(type.values)
    default:
      return false
  }
}

/** The object with declared defaults put in; the same object when there was nothing to do. */
export function applySchemaDefaults(schema: string | Type, object: JsonObject): JsonObject {
  const filled = fill(typeof schema === 'string' ? typeOf(schema) : schema, object)
  return isJsonObject(filled) ? filled : object
}

function fill(type: Type, value: Json): Json {
  if (!declares(type)) return value
  if (type.kind === 'object' && isJsonObject(value)) return fillObject(type, value)
  if (type.kind === 'list' && Array.isArray(value)) {
    const items = (value as readonly Json[]).map((item) => fill(type.items, item))
    return items.some((item, index) => item !== value[index]) ? items : value
  }
  if (type.kind === 'map' && isJsonObject(value)) return replaced(value, Object.entries(value).map(([key, member]) => [key, fill(type.values, member)] as const))
  return value
}

function fillObject(type: ObjectType, object: JsonObject): JsonObject {
  const changes: Array<readonly [string, Json]> = []
  for (const field of type.fields.values()) {
    const member = object[field.name]
    if (member === undefined) {
      if (field.default !== undefined) changes.push([field.name, field.default])
    } else changes.push([field.name, fill(field.type, member)])
  }
  return replaced(object, changes)
}

/** A copy with the members that differ; the object itself if none does. */
function replaced(object: JsonObject, members: ReadonlyArray<readonly [string, Json]>): JsonObject {
  const changes = members.filter(([key, member]) => object[key] !== member)
  return changes.length === 0 ? object : { ...object, ...Object.fromEntries(changes) }
}
