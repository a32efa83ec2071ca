/**
 * Reads JSON into a type as Kubernetes reads it into its Go structs and writes it out again: unknown fields are dropped (and named), values are
 * normalized, what Go's encoder would leave out is left out. Two readers exist on the server and differ in their complaints: `json` reads
 * bodies, `unstructured` the result of a strategic merge.
 */
import type { Json, JsonObject } from '../json.ts'
import { isJsonObject, isWhole, setMember } from '../json.ts'
import { goScalarName, jsonTypeName, readScalar } from './scalars.ts'
import { rememberEmpty } from './sent-empty.ts'
import { type Field, type ListType, type MapType, type ObjectType, type ScalarType, type Type, typeOf } from './types.ts'

export interface Decoded {
  readonly object: JsonObject
  /** Why the whole value is refused: worded as the server words it. `object` is then what could be read. */
  readonly typeError: string | undefined
  /** `unknown field "spec.foo"`: warnings, or a refusal with strict validation. */
  readonly strictErrors: readonly string[]
}

export interface DecodeOptions {
  readonly reader?: 'json' | 'unstructured'
  /** What was read by the same schema before: where the value holds the very same members, they are taken as they are. */
  readonly known?: JsonObject | undefined
}

/** @param schema the name of a built-in schema, or a compiled type. */
export function decodeObject(schema: string | Type, value: Json, { reader = 'json', known }: DecodeOptions = {}): Decoded {
  const walk: Walk = { reader, path: [], fields: [], struct: '', namedType: undefined, typeError: undefined, stopped: undefined, strict: [] }
  const type = typeof schema === 'string' ? typeOf(schema) : schema
  if (type.kind === 'object' && type.reader) return type.reader.read(value)
  const read = known !== undefined && type.kind === 'object' ? readObject(type, value, { walk, known }) : readValue(type, value, walk)
  return { object: isJsonObject(read) ? read : {}, typeError: walk.stopped ?? walk.typeError, strictErrors: walk.strict }
}

interface Walk {
  readonly reader: 'json' | 'unstructured'
  /** Names, keys and places in lists, for strict errors. */
  readonly path: Array<string | number>
  /** Names only, for type errors. */
  readonly fields: string[]
  struct: string
  /** The named Go type of the field that is being read. */
  namedType: string | undefined
  typeError: string | undefined
  /** An error of a value's own reader ends the reading, and is told before an earlier mismatch. */
  stopped: string | undefined
  readonly strict: string[]
}

/** Kubernetes stops counting here. */
const MAX_STRICT_ERRORS = 100

const pathText = (path: ReadonlyArray<string | number>): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '')

function strict(walk: Walk, name: string): void {
  if (walk.strict.length < MAX_STRICT_ERRORS) walk.strict.push(`unknown field "${pathText([...walk.path, name])}"`)
}

function readValue(type: Type, value: Json, walk: Walk): Json | undefined {
  switch (type.kind) {
    case 'any':
    case 'deduced':
      return value
    case 'object':
      return readObject(type, value, { walk, known: undefined })
    case 'map':
      return readMap(type, value, walk)
    case 'list':
      return readList(type, value, walk)
    default:
      return readLeaf(type, value, walk)
  }
}

interface ObjectReading {
  readonly walk: Walk
  readonly known: JsonObject | undefined
}

function readObject(type: ObjectType, value: Json, { walk, known }: ObjectReading): Json | undefined {
  if (!isJsonObject(value)) {
    mismatch(walk, { found: value, wanted: type.goType, unstructured: 'cannot restore struct from: ' })
    return undefined
  }
  const object: Record<string, Json> = {}
  const outer = walk.struct
  const unknown: string[] = []
  walk.struct = type.name
  for (const name in value) {
    const member = value[name]
    if (member === undefined) continue
    walk.namedType = undefined
    const field = type.fields.get(name)
    if (field && known !== undefined && member !== null && known[name] === member) object[name] = member
    else if (field) readField(object, { field, member, known: known?.[name] }, walk)
    else if (type.open) object[name] = member
    else if (walk.reader === 'json') strict(walk, name)
    else unknown.push(name)
    if (walk.stopped !== undefined) break
  }
  walk.struct = outer
  // The reader of strategic merges looks at what it does not know last.
  for (const name of unknown.toSorted()) strict(walk, name)
  fillPrinted(type, object)
  return object
}

interface FieldReading {
  readonly field: Field
  readonly member: Json
  readonly known: Json | undefined
}

function readField(object: Record<string, Json>, { field, member, known }: FieldReading, walk: Walk): void {
  const { name, type } = field
  if (member === null) return
  walk.path.push(name)
  if (field.inlinedIn !== undefined) walk.fields.push(field.inlinedIn)
  walk.fields.push(name)
  walk.namedType = field.goType
  const read = type.kind === 'object' && isJsonObject(known) ? readObject(type, member, { walk, known }) : readValue(type, member, walk)
  walk.fields.pop()
  if (field.inlinedIn !== undefined) walk.fields.pop()
  walk.path.pop()
  if (read === undefined) return
  if (field.keepsEmptyList || (field.keepsEmpty ? !isEmptyCollection(type, read) : !isEmpty(type, read))) object[name] = read
  else if (type.kind === 'list' || type.kind === 'map') rememberEmpty(object, name)
}

function isEmptyCollection(type: Type, value: Json): boolean {
  return type.kind === 'list' ? (value as readonly Json[]).length === 0 : type.kind === 'map' && isEmptyMap(value)
}

function isEmptyMap(value: Json): boolean {
  for (const _ in value as JsonObject) return false
  return true
}

function isEmpty(type: Type, value: Json): boolean {
  switch (type.kind) {
    case 'list':
    case 'map':
      return isEmptyCollection(type, value)
    case 'string':
    case 'bytes':
      return value === ''
    case 'int32':
    case 'int64':
    case 'number':
      return value === 0
    case 'boolean':
      return value === false
    default:
      return false
  }
}

/** Puts in what prints even when nobody said anything of it. */
function fillPrinted(type: ObjectType, object: Record<string, Json>): void {
  for (const field of type.printed) {
    if (object[field.name] !== undefined) continue
    const absent = field.whenAbsent ?? null
    object[field.name] = field.type.kind === 'object' && absent !== null ? emptyStruct(field.type) : absent
  }
}

function emptyStruct(type: ObjectType): JsonObject {
  const object: Record<string, Json> = {}
  fillPrinted(type, object)
  return object
}

function readMap(type: MapType, value: Json, walk: Walk): Json | undefined {
  if (!isJsonObject(value)) {
    mismatch(walk, { found: value, wanted: goTypeName(type), unstructured: 'cannot restore map from ' })
    return undefined
  }
  const object: Record<string, Json> = {}
  for (const key in value) {
    const member = value[key]
    if (member === undefined) continue
    walk.path.push(key)
    const read = member === null ? zeroElement(type.values) : readValue(type.values, member, walk)
    walk.path.pop()
    if (read !== undefined) setMember(object, key, read)
    if (walk.stopped !== undefined) break
  }
  return object
}

function readList(type: ListType, value: Json, walk: Walk): Json | undefined {
  if (!Array.isArray(value)) {
    mismatch(walk, { found: value, wanted: goTypeName(type), unstructured: 'cannot restore slice from ' })
    return undefined
  }
  const list: Json[] = []
  const items = value as readonly Json[]
  for (let index = 0; index < items.length; index++) {
    const item = items[index] ?? null
    walk.path.push(index)
    const read = item === null ? zeroElement(type.items) : readValue(type.items, item, walk)
    walk.path.pop()
    if (read !== undefined) list.push(read)
    if (walk.stopped !== undefined) break
  }
  return list
}

/** What `null` is as an element of a list or a map: the type's zero value. */
function zeroElement(type: Type): Json {
  switch (type.kind) {
    case 'object':
      return emptyStruct(type)
    case 'string':
    case 'bytes':
      return ''
    case 'int32':
    case 'int64':
    case 'number':
    case 'intOrString':
      return 0
    case 'boolean':
      return false
    case 'quantity':
      return '0'
    default:
      return null
  }
}

function readLeaf(type: ScalarType, value: Json, walk: Walk): Json | undefined {
  if (type.kind === 'string' && typeof value === 'string') return value
  const read = readScalar(type.kind, value)
  if (read.kind === 'value') return read.value
  if (read.kind === 'problem') {
    if (read.stops) walk.stopped ??= read.message
    else walk.typeError ??= read.message
    return undefined
  }
  if (walk.reader === 'unstructured' && !read.stops) {
    walk.typeError ??= unstructuredMismatch(value, type)
    return undefined
  }
  const text = `json: cannot unmarshal ${read.found} into Go ${place(walk)}${walk.namedType ?? read.wanted}`
  if (read.stops) walk.stopped ??= text
  else walk.typeError ??= text
  return undefined
}

const goKind = (value: Json): string => (isWhole(value) ? 'int64' : typeof value === 'number' ? 'float64' : jsonTypeName(value))

/** Go can turn integers into strings (as runes), which the converter forbids in other words than what Go cannot do at all. */
function unstructuredMismatch(value: Json, type: ScalarType): string {
  const wanted = goScalarName(type.kind)
  if (type.kind === 'string' && isWhole(value)) return 'cannot convert int64 to string'
  if (type.kind === 'bytes') return `cannot restore slice from ${goKind(value)}`
  return `unrecognized type: ${wanted}`
}

interface Mismatch {
  readonly found: Json
  readonly wanted: string
  readonly unstructured: string
}

function mismatch(walk: Walk, { found, wanted, unstructured }: Mismatch): void {
  const kind = Array.isArray(found) ? 'slice' : goKind(found)
  walk.typeError ??= walk.reader === 'unstructured' ? `${unstructured}${kind}` : `json: cannot unmarshal ${jsonTypeName(found)} into Go ${place(walk)}${walk.namedType ?? wanted}`
}

/** `struct field DeploymentSpec.spec.replicas of type `, or `value of type ` at the root. */
const place = (walk: Walk): string => (walk.fields.length === 0 ? 'value of type ' : `struct field ${walk.struct}.${walk.fields.join('.')} of type `)

/** As Go prints the type: `[]v1.Container`, `map[string]string`. */
function goTypeName(type: Type): string {
  switch (type.kind) {
    case 'object':
      return type.goType
    case 'list':
      return `[]${goTypeName(type.items)}`
    case 'map':
      return type.values.kind === 'quantity' ? 'v1.ResourceList' : `map[string]${goTypeName(type.values)}`
    case 'any':
    case 'deduced':
      return 'interface {}'
    case 'quantity':
      return 'resource.Quantity'
    default:
      return goScalarName(type.kind)
  }
}
