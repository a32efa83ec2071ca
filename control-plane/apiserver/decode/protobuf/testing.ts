/** Writes JSON objects as protobuf bodies, for tests: the way back. */
import { isJsonObject, isNumber, type Json, type JsonObject } from '../../../../shared/model/json.ts'
import type { ScalarKind } from '../../../../shared/model/schemas/types.ts'
import { parseTime } from '../../../../shared/model/time.ts'
import { findMessage, type Message, type Shape } from './messages.ts'
import { smallMessages } from './small-messages.ts'
import { DELIMITED, FIXED64, VARINT } from './wire-reader.ts'

export function varint(value: number | bigint): readonly number[] {
  const bytes: number[] = []
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)]
    bytes.push(Number(rest & 127n) | 128)
  }
}

export const tag = (number: number, wire: number): readonly number[] => varint(number * 8 + wire)
export const delimited = (number: number, bytes: Iterable<number>): readonly number[] => {
  const content = [...bytes]
  return [...tag(number, DELIMITED), ...varint(content.length), ...content]
}
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A whole body: prefix, type meta, message. */
export function envelope({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }, message: Iterable<number>): Uint8Array {
  const typeMeta = [...delimited(1, utf8(apiVersion)), ...delimited(2, utf8(kind))]
  return Uint8Array.from([107, 56, 115, 0, ...delimited(1, typeMeta), ...delimited(2, message), ...delimited(3, []), ...delimited(4, [])])
}

export function writeMessage(schema: string, object: JsonObject): readonly number[] {
  const message = findMessage(schema)
  if (!message) throw new Error(`no message ${schema}`)
  return writeFields(message, object)
}

function writeFields(message: Message, object: JsonObject): readonly number[] {
  return [...message.byNumber].flatMap(([number, field]) => {
    if (field.kind === 'inline') return delimited(number, writeFields(field.message, object))
    const value = object[field.name]
    return value === undefined || value === null ? [] : writeField(number, field.shape, value)
  })
}

function writeField(number: number, shape: Shape, value: Json): readonly number[] {
  if (shape.kind === 'list' && Array.isArray(value)) return (value as readonly Json[]).flatMap((item) => writeField(number, shape.items, item))
  if (shape.kind === 'map' && isJsonObject(value)) return Object.entries(value).flatMap(([key, member]) => delimited(number, [...delimited(1, utf8(key)), ...writeField(2, shape.values, member)]))
  if (shape.kind === 'either') return delimited(number, writeEither(shape.shapes, value))
  if (shape.kind === 'items') return delimited(number, writeField(1, shape.items, value))
  if (shape.kind === 'message' && isJsonObject(value)) return delimited(number, writeMessage(shape.schema, value))
  if (shape.kind === 'raw') return delimited(number, delimited(1, utf8(JSON.stringify(value))))
  if (shape.kind === 'scalar') return writeScalar(number, shape.scalar, value)
  throw new Error(`${JSON.stringify(value)} is no ${shape.kind}`)
}

function writeEither(shapes: ReadonlyMap<number, Shape>, value: Json): readonly number[] {
  const fits = ({ kind }: Shape): boolean => (kind === 'list' ? Array.isArray(value) : kind === 'message' ? isJsonObject(value) : typeof value === 'boolean')
  const found = [...shapes].find(([, shape]) => fits(shape))
  return found ? writeField(found[0], found[1], value) : []
}

function writeScalar(number: number, scalar: ScalarKind, value: Json): readonly number[] {
  if (typeof value === 'boolean') return [...tag(number, VARINT), value ? 1 : 0]
  if (scalar === 'intOrString') return delimited(number, writeFields(smallMessages.intOrString, typeof value === 'number' ? { type: 0, intVal: value } : { type: 1, strVal: value }))
  if (typeof value === 'number' && scalar === 'number') return [...tag(number, FIXED64), ...new Uint8Array(new Float64Array([value]).buffer)]
  if (isNumber(value)) return [...tag(number, VARINT), ...varint(value)]
  if (typeof value !== 'string') throw new Error(`${JSON.stringify(value)} is no ${scalar}`)
  if (scalar === 'bytes') return delimited(number, Buffer.from(value, 'base64'))
  if (scalar === 'quantity') return delimited(number, writeFields(smallMessages.quantity, { string: value }))
  if (scalar === 'time' || scalar === 'microTime') return delimited(number, writeFields(smallMessages.time, timeFields(value)))
  return delimited(number, utf8(value))
}

function timeFields(text: string): JsonObject {
  const seconds = Math.floor((parseTime(text) ?? 0) / 1000)
  return { seconds, nanos: Number((/\.(\d+)/.exec(text)?.[1] ?? '').padEnd(9, '0')) }
}
