/** Schemas compiled for walking: what decoding, defaulting, patching and field management ask of a type, found in one step. */
import { isJsonObject, type Json } from '../json.ts'
import type { Decoded } from './decode.ts'
import { goName, type GoStruct, goStruct, isConditionTime, shortName } from './go-types.ts'
import { findSchema, refName, type Schema } from './schema.ts'

export type ScalarKind = 'string' | 'int32' | 'int64' | 'number' | 'boolean' | 'bytes' | 'time' | 'microTime' | 'quantity' | 'intOrString'

export interface ScalarType {
  readonly kind: ScalarKind
}
/** Anything goes, and is kept as it is: raw extensions, JSON, fieldsV1. */
export interface AnyType {
  readonly kind: 'any'
}
export interface MapType {
  readonly kind: 'map'
  readonly values: Type
  readonly atomic: boolean
}
export interface ListType {
  readonly kind: 'list'
  readonly items: Type
  readonly listType: 'atomic' | 'set' | 'map'
  /** Of a `map` list. */
  readonly keys: readonly string[]
}
export interface ObjectType {
  readonly kind: 'object'
  /** `PodSpec`; empty for a nameless one, as custom resources have. */
  readonly name: string
  /** `v1.PodSpec`. */
  readonly goType: string
  readonly fields: ReadonlyMap<string, Field>
  /** Fields that print even when a client says nothing of them. */
  readonly printed: readonly Field[]
  readonly atomic: boolean
  /** Unknown fields are kept rather than dropped. */
  readonly open: boolean
  /** Reads whole objects in a way of its own. */
  readonly reader?: { read(value: Json): Decoded }
}
/** Nothing is said of it: objects are maps of such values, lists are taken as a whole. */
export interface DeducedType {
  readonly kind: 'deduced'
}
export type Type = ScalarType | AnyType | DeducedType | MapType | ListType | ObjectType

export interface Field {
  readonly name: string
  readonly type: Type
  readonly required: boolean
  /** Whether it prints something even when it was never set. */
  readonly printsUnset: boolean
  /** Whether an empty value (0, "", false) is kept as given. */
  readonly keepsEmpty: boolean
  /** Whether an empty list says something: `managedFields: []` asks to forget them. */
  readonly keepsEmptyList: boolean
  /** What stands there when nothing is given, if anything does. */
  readonly whenAbsent: Json | undefined
  /** The default that the schema declares, structural ones ({}, 0, "") excepted. */
  readonly default: Json | undefined
  /** The default of a list-map key that an item leaves out: also `""` and 0. */
  readonly keyDefault: Json | undefined
  /** Of a list: it is replaced unless the schema says `merge`. */
  readonly patchMerge: boolean
  /** Said by the schema of a map or struct that a strategic merge shall take as a whole. */
  readonly patchReplace: boolean
  readonly patchRetainKeys: boolean
  readonly patchMergeKey: string | undefined
  /** Name of the inlined Go struct the field belongs to. */
  readonly inlinedIn: string | undefined
  /** The named Go type, where errors name one. */
  readonly goType: string | undefined
}

const DEDUCED: DeducedType = { kind: 'deduced' }
const DEDUCED_MAP: MapType = { kind: 'map', values: DEDUCED, atomic: false }

/** What a value is taken for: the type itself, or what is deduced from the value. */
export const typeFor = (type: Type, ...values: ReadonlyArray<Json | undefined>): Exclude<Type, DeducedType> => (type.kind !== 'deduced' ? type : values.some(isJsonObject) && values.every((value) => value === undefined || value === null || isJsonObject(value)) ? DEDUCED_MAP : anyType)

/** The type of a member of an object: nothing is said of those that an open one does not name. */
export const memberType = (type: ObjectType, name: string): Type | undefined => type.fields.get(name)?.type ?? (type.open ? DEDUCED : undefined)

const scalars: Readonly<Record<string, ScalarKind>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'intOrString',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'microTime',
}
const scalarTypes = new Map<ScalarKind, ScalarType>()
const anyType: AnyType = { kind: 'any' }
const byName = new Map<string, Type>()

function scalar(kind: ScalarKind): ScalarType {
  const known = scalarTypes.get(kind) ?? { kind }
  scalarTypes.set(kind, known)
  return known
}

/** The compiled type of a built-in schema; `any` for a name nobody knows. Compiled once, when first asked for. */
export function typeOf(schemaName: string): Type {
  const known = byName.get(schemaName)
  if (known) return known
  const kind = scalars[schemaName]
  const schema = findSchema(schemaName)
  if (kind || !schema?.properties) {
    const type = kind ? scalar(kind) : anyType
    byName.set(schemaName, type)
    return type
  }
  return compileObject(schema, schemaName)
}

/** Compiles a schema that has no name: the root or a part of a custom resource's. */
export function compileSchema(schema: Schema): Type {
  const ref = refName(schema)
  if (ref !== undefined) return typeOf(ref)
  if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string') return scalar('intOrString')
  switch (schema.type) {
    case 'string':
      return scalar(stringKind(schema.format))
    case 'integer':
      return scalar(schema.format === 'int32' ? 'int32' : 'int64')
    case 'number':
      return scalar('number')
    case 'boolean':
      return scalar('boolean')
    case 'array':
      return compileList(schema)
    case 'object':
      if (schema.properties) return compileObject(schema, '')
      if (typeof schema.additionalProperties === 'object') return { kind: 'map', values: compileSchema(schema.additionalProperties), atomic: schema['x-kubernetes-map-type'] === 'atomic' }
      return anyType
    default:
      return anyType
  }
}

const stringKind = (format: string | undefined): ScalarKind => (format === 'byte' ? 'bytes' : 'string')

function compileList(schema: Schema): ListType {
  const said = schema['x-kubernetes-list-type']
  const mergeKey = schema['x-kubernetes-patch-merge-key']
  const merges = schema['x-kubernetes-patch-strategy']?.split(',').includes('merge') ?? false
  const listType = said === 'set' || said === 'map' || said === 'atomic' ? said : merges ? (mergeKey === undefined ? 'set' : 'map') : 'atomic'
  const keys = schema['x-kubernetes-list-map-keys'] ?? (listType === 'map' && mergeKey !== undefined ? [mergeKey] : [])
  return { kind: 'list', items: schema.items ? compileSchema(schema.items) : anyType, listType, keys }
}

/** A type may hold itself (JSONSchemaProps), so it is known by name before its fields are. */
function compileObject(schema: Schema, schemaName: string): ObjectType {
  const fields = new Map<string, Field>()
  const printed: Field[] = []
  const type: ObjectType = {
    kind: 'object',
    name: schemaName === '' ? '' : shortName(schemaName),
    goType: schemaName === '' ? '' : goName(schemaName),
    fields,
    printed,
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
    open: schema['x-kubernetes-preserve-unknown-fields'] === true,
  }
  if (schemaName !== '') byName.set(schemaName, type)
  const struct = goStruct(schemaName)
  const context: StructContext = { struct, schemaName, required: new Set(schema.required), kind: schema['x-kubernetes-group-version-kind'] !== undefined }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const field = compileField(name, property, context)
    fields.set(name, field)
    if (field.whenAbsent !== undefined) printed.push(field)
  }
  return type
}

interface StructContext {
  readonly struct: GoStruct
  readonly schemaName: string
  readonly required: ReadonlySet<string>
  readonly kind: boolean
}

function compileField(name: string, property: Schema, context: StructContext): Field {
  const type = compileSchema(property)
  const declared = property.default
  const strategy = property['x-kubernetes-patch-strategy']?.split(',') ?? []
  return {
    name,
    type: atomicIfSaid(type, property),
    required: context.required.has(name),
    printsUnset: context.required.has(name) && !context.struct.omitted.has(name),
    keepsEmpty: context.struct.pointers.has(name) || context.required.has(name) || context.struct.printedEmpty.has(name) || context.schemaName === '',
    keepsEmptyList: context.schemaName === '' || context.struct.keptEmpty.has(name) || (name === 'managedFields' && context.schemaName.endsWith('.ObjectMeta')),
    whenAbsent: context.schemaName === '' ? undefined : absentValue(name, { property, type }, context),
    default: isStructural(declared) ? undefined : declared,
    keyDefault: declared,
    patchMerge: strategy.includes('merge'),
    patchReplace: strategy.includes('replace'),
    patchRetainKeys: strategy.includes('retainKeys'),
    patchMergeKey: property['x-kubernetes-patch-merge-key'],
    inlinedIn: context.struct.inlinedIn(name),
    goType: context.struct.namedType(name),
  }
}

/** A field may say that the map or struct it holds is to be taken as a whole. */
function atomicIfSaid(type: Type, property: Schema): Type {
  return property['x-kubernetes-map-type'] === 'atomic' && (type.kind === 'object' || type.kind === 'map') && !type.atomic ? { ...type, atomic: true } : type
}

/** `false` is a pointer's default wherever a schema says it. */
const isStructural = (value: Json | undefined): boolean => value === undefined || value === '' || value === 0 || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

/** What Go prints for a field that was never set. */
function absentValue(name: string, { property, type }: { readonly property: Schema; readonly type: Type }, context: StructContext): Json | undefined {
  const { struct, schemaName, required } = context
  if (name === 'metadata' && context.kind) return undefined
  if (type.kind === 'time' || type.kind === 'microTime') return isConditionTime(schemaName, name) || struct.printedEmpty.has(name) || (required.has(name) && schemaName.endsWith('Condition')) ? null : undefined
  if (type.kind === 'object') return property.default !== undefined ? {} : struct.printedEmpty.has(name) ? null : undefined
  if (type.kind === 'list' || type.kind === 'map') return struct.printedEmpty.has(name) || struct.printedNull.has(name) ? null : undefined
  if (type.kind === 'quantity') return schemaName.endsWith('.ResourceFieldSelector') ? '0' : undefined
  if ((required.has(name) && !struct.pointers.has(name)) || struct.printedEmpty.has(name)) return zeroOf(type.kind)
  return undefined
}

function zeroOf(kind: ScalarKind | 'any' | 'deduced'): Json | undefined {
  switch (kind) {
    case 'string':
      return ''
    case 'int32':
    case 'int64':
    case 'number':
      return 0
    case 'boolean':
      return false
    case 'bytes':
      return null
    default:
      return undefined
  }
}
