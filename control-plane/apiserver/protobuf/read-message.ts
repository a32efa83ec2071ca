/** Messages as the JSON object that would have said the same. */
import { isJsonObject, type Json, type JsonObject, readJson, setMember } from '../../../shared/model/json.ts'
import type { ScalarKind } from '../../../shared/model/schemas/types.ts'
import { jsonProblem } from '../../../shared/model/json-problem.ts'
import { field, type FieldNumber, type Message, messageOf, type Shape } from './message.ts'
import { findMessage } from './messages.ts'
import { type SmallKind, smallMessages, smallValue } from './small-messages.ts'
import { DELIMITED, FIXED64, VARINT, WireReader } from './wire-reader.ts'

export type ReadMessage = { readonly kind: 'message'; readonly object: JsonObject } | { readonly kind: 'problem'; readonly message: string }

/** Unknown fields are passed over, as Kubernetes does; empty values stay, for they say that a pointer is set. */
export function readMessage(message: Message, bytes: Uint8Array): ReadMessage {
  const object: Target = {}
  const problem = readInto(object, message, bytes)
  return problem === undefined ? { kind: 'message', object } : { kind: 'problem', message: problem }
}

type Target = Record<string, Json>
type Field = Extract<FieldNumber, { readonly kind: 'field' }>

/** Fills an object; answers the problem, if there is one. What stands there already is added to: a message may come in parts. */
function readInto(object: Target, message: Message, bytes: Uint8Array): string | undefined {
  const reader = new WireReader(bytes, message.name)
  for (let tag = reader.next(); tag !== undefined; tag = reader.next()) {
    const found = message.byNumber.get(tag.number)
    if (found === undefined) reader.skip(tag.wire)
    else if (found.kind === 'field') readField(object, found, { reader, wire: tag.wire })
    else if (tag.wire === DELIMITED) readPart(object, found.message, reader)
    else reader.fail(wrongWire(tag.wire, found.message.name))
  }
  return reader.problem
}

const wrongWire = (wire: number, field: string): string => `proto: wrong wireType = ${wire} for field ${field.charAt(0).toUpperCase()}${field.slice(1)}`

/** A message inside another. */
function readPart(object: Target, message: Message, reader: WireReader): void {
  const bytes = reader.bytes()
  const problem = reader.problem === undefined ? readInto(object, message, bytes) : undefined
  if (problem !== undefined) reader.fail(problem)
}

interface Source {
  readonly reader: WireReader
  readonly wire: number
}

function readField(object: Target, { name, shape }: Field, { reader, wire }: Source): void {
  const element = shape.kind === 'list' ? shape.items : shape
  const expected = wireOf(element)
  const packed = shape.kind === 'list' && wire === DELIMITED && expected !== DELIMITED
  if (wire !== expected && !packed) return reader.fail(wrongWire(wire, name))
  const given = object[name]
  if (shape.kind === 'list') {
    const list = Array.isArray(given) ? (given as Json[]) : []
    if (packed) readPacked(list, element, reader.bytes())
    else list.push(readValue(element, reader) ?? null)
    object[name] = list
  } else if (shape.kind === 'map') object[name] = readEntry(targetOf(given), shape.values, reader)
  else {
    const value = readValue(shape, reader, given)
    if (value !== undefined) object[name] = value
  }
}

const targetOf = (given: Json | undefined): Target => (isJsonObject(given) ? (given as Target) : {})

function wireOf(shape: Shape): number {
  if (shape.kind !== 'scalar') return DELIMITED
  switch (shape.scalar) {
    case 'int32':
    case 'int64':
    case 'boolean':
      return VARINT
    case 'number':
      return FIXED64
    default:
      return DELIMITED
  }
}

function readPacked(list: Json[], element: Shape, bytes: Uint8Array): void {
  const reader = new WireReader(bytes, '')
  while (reader.hasMore) list.push(readValue(element, reader) ?? null)
}

const stringShape: Shape = { kind: 'scalar', scalar: 'string' }

/** A key without a value has the empty value of its type. */
function readEntry(map: Target, values: Shape, reader: WireReader): Target {
  const entry: Target = {}
  readPart(entry, messageOf('Entry', [[1, field('key', stringShape)], [2, field('value', values)]]), reader)
  const key = entry['key'] ?? ''
  if (typeof key === 'string') setMember(map, key, valueOf(values, entry['value']))
  return map
}

function valueOf(values: Shape, value: Json | undefined): Json {
  if (value !== undefined) return value
  if (values.kind === 'items') return []
  if (values.kind !== 'scalar') return {}
  if (values.scalar === 'quantity') return '0'
  return wireOf(values) === DELIMITED ? '' : values.scalar === 'boolean' ? false : 0
}

/** One value; `given` is what stands there already. `undefined` for a time that was never set, and after a problem. */
function readValue(shape: Shape, reader: WireReader, given?: Json): Json | undefined {
  switch (shape.kind) {
    case 'scalar':
      return readScalar(shape.scalar, reader)
    case 'raw':
      return readRaw(reader)
    case 'message':
      return readNested(shape.schema, reader, given)
    case 'either':
      return readEither(shape.shapes, reader)
    case 'items': {
      const target: Target = {}
      readPart(target, messageOf('Items', [[1, field('items', shape.items)]]), reader)
      return target['items'] ?? []
    }
    case 'list':
    case 'map':
      // Neither stands where one value is due.
      return undefined
  }
}

/** The last field that says something stands for all; a message that says nothing is a no. */
function readEither(shapes: ReadonlyMap<number, Shape>, reader: WireReader): Json | undefined {
  const target: Target = {}
  readPart(target, messageOf('JSONSchemaProps', [...shapes].map(([number, shape]) => [number, field(String(number), shape)])), reader)
  return target['2'] ?? target['1'] ?? false
}

function readNested(schema: string, reader: WireReader, given: Json | undefined): Json | undefined {
  const message = findMessage(schema)
  const target = targetOf(given)
  if (message) readPart(target, message, reader)
  else reader.skip(DELIMITED)
  return target
}

function readScalar(scalar: ScalarKind, reader: WireReader): Json | undefined {
  switch (scalar) {
    case 'string':
      return reader.string()
    case 'int32':
      return reader.int32()
    case 'int64':
      return reader.int64()
    case 'boolean':
      return reader.bool()
    case 'number':
      return reader.double()
    case 'bytes':
      return Buffer.from(reader.bytes()).toString('base64')
    case 'time':
    case 'microTime':
    case 'quantity':
    case 'intOrString':
      return readSmall(scalar, reader)
  }
}

function readSmall(kind: SmallKind, reader: WireReader): Json | undefined {
  const fields: Target = {}
  readPart(fields, smallMessages[kind], reader)
  const said = smallValue(kind, fields)
  if (said.kind === 'value') return said.value
  reader.fail(said.message)
  return undefined
}

const rawMessage = messageOf('RawExtension', [[1, field('raw', stringShape)]])

/** JSON inside protobuf. */
function readRaw(reader: WireReader): Json | undefined {
  const fields: Target = {}
  readPart(fields, rawMessage, reader)
  const text = fields['raw']
  if (typeof text !== 'string' || text === '') return undefined
  const problem = jsonProblem(text)
  if (problem === undefined) return readJson(text)
  reader.fail(problem)
  return undefined
}
