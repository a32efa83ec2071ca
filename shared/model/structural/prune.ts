/** Takes out of a value what its schema does not know. */
import { isJsonObject, type Json, type JsonObject, setMember } from '../json.ts'
import { isEmbedded, itemsOf, META_FIELDS, preservesUnknown, type PropsSchema, valuesOf } from './schema.ts'

export interface Pruned<T extends Json> {
  readonly value: T
  /** `spec.l[0].y`, sorted. */
  readonly unknown: readonly string[]
}

/** @param root whether it is a whole object, which has kind, apiVersion and metadata in any case. */
export function pruned(schema: PropsSchema, value: JsonObject, root: boolean): Pruned<JsonObject> {
  const unknown: string[] = []
  const rest = pruneValue(schema, value, { path: '', unknown, resource: root })
  return { value: isJsonObject(rest) ? rest : {}, unknown: unknown.toSorted() }
}

/** Whether the value is as it is after pruning. */
export function hasUnknown(schema: PropsSchema, value: Json, root: boolean): boolean {
  const unknown: string[] = []
  pruneValue(schema, value, { path: '', unknown, resource: root })
  return unknown.length > 0
}

interface Place {
  readonly path: string
  readonly unknown: string[]
  readonly resource: boolean
}

function pruneValue(schema: PropsSchema | undefined, value: Json, place: Place): Json {
  if (Array.isArray(value)) {
    const items = schema && itemsOf(schema)
    const open = schema !== undefined && preservesUnknown(schema)
    if (open && !items) return value
    // What is open around a list is open in its items, too.
    if (open && items && !preservesUnknown(items)) return pruneValue({ ...schema, items: { ...items, 'x-kubernetes-preserve-unknown-fields': true } }, value, place)
    return (value as readonly Json[]).map((item, index) => pruneValue(items, item, { path: `${place.path}[${index}]`, unknown: place.unknown, resource: items !== undefined && isEmbedded(items) }))
  }
  return isJsonObject(value) ? pruneObject(schema ?? {}, value, place) : value
}

const below = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

function pruneObject(schema: PropsSchema, value: JsonObject, { path, unknown, resource }: Place): JsonObject {
  const open = preservesUnknown(schema)
  const values = valuesOf(schema)
  const rest: Record<string, Json> = {}
  for (const [name, member] of Object.entries(value)) {
    const at = below(path, name)
    const known = schema.properties !== undefined && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined
    if (resource && META_FIELDS.has(name)) setMember(rest, name, member)
    else if (known) setMember(rest, name, pruneValue(known, member, { path: at, unknown, resource: isEmbedded(known) }))
    else if (values) setMember(rest, name, pruneValue(values, member, { path: at, unknown, resource: isEmbedded(values) }))
    // Of a map of anything the values hold nothing that is known.
    else if (schema.additionalProperties !== undefined) setMember(rest, name, pruneValue(undefined, member, { path: at, unknown, resource: false }))
    else if (open) setMember(rest, name, member)
    else unknown.push(at)
  }
  return rest
}
