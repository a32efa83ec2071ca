/** The compiled type of a custom resource: how its fields merge, and how its objects are read. */
import { compileSchema, type Field, type ObjectType, type Type, typeOf } from '../schemas/types.ts'
import type { Schema } from '../schemas/schema.ts'
import { structuralReader } from './reader.ts'
import { isEmbedded, isIntOrString, itemsOf, preservesUnknown, type PropsSchema, valuesOf } from './schema.ts'

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
const STRING: Type = { kind: 'string' }

/** The type of whole objects. */
export function compileResource(schema: PropsSchema): ObjectType {
  const type = compileObject({ ...schema, type: 'object' }, true)
  return { ...type, reader: structuralReader(schema) }
}

function compile(schema: PropsSchema): Type {
  if (isIntOrString(schema)) return { kind: 'intOrString' }
  if (schema.type === 'object' || schema.properties) {
    const values = valuesOf(schema)
    const atomic = schema['x-kubernetes-map-type'] === 'atomic'
    if (values && !schema.properties) return { kind: 'map', values: compile(values), atomic }
    return !schema.properties && !isEmbedded(schema) && preservesUnknown(schema) ? DEDUCED : compileObject(schema, isEmbedded(schema))
  }
  if (schema.type === 'array') return compileList(schema)
  if (schema.type === undefined || schema.type === '') return DEDUCED
  // Formats are judged elsewhere: here a text is a text.
  return compileSchema({ type: schema.type === 'integer' ? 'number' : schema.type } as Schema)
}

/** Nothing is known: what a value holds tells how it merges. */
const DEDUCED: Type = { kind: 'deduced' }

function compileList(schema: PropsSchema): Type {
  const items = itemsOf(schema)
  const said = schema['x-kubernetes-list-type']
  const listType = said === 'set' || said === 'map' ? said : 'atomic'
  return { kind: 'list', items: items ? compile(items) : DEDUCED, listType, keys: listType === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : [] }
}

function compileObject(schema: PropsSchema, whole: boolean): ObjectType {
  const fields = new Map<string, Field>()
  const required = new Set(schema.required)
  for (const [name, property] of Object.entries(schema.properties ?? {})) fields.set(name, fieldOf(name, compile(property), { property, required: required.has(name) }))
  if (whole) {
    for (const name of ['apiVersion', 'kind']) fields.set(name, fieldOf(name, STRING, { property: {}, required: false }))
    fields.set('metadata', fieldOf('metadata', typeOf(OBJECT_META), { property: {}, required: false }))
  }
  return { kind: 'object', name: '', goType: '', fields, printed: [], atomic: schema['x-kubernetes-map-type'] === 'atomic', open: preservesUnknown(schema) || schema.additionalProperties === true }
}

const fieldOf = (name: string, type: Type, { property, required }: { readonly property: PropsSchema; readonly required: boolean }): Field => ({
  name,
  type,
  required,
  printsUnset: false,
  keepsEmpty: true,
  keepsEmptyList: true,
  whenAbsent: undefined,
  default: undefined,
  keyDefault: property.default,
  patchMerge: false,
  patchReplace: false,
  patchRetainKeys: false,
  patchMergeKey: undefined,
  inlinedIn: undefined,
  goType: undefined,
})
