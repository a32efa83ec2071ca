/**
 * JSON objects as messages: the way back of `read-message.ts`, byte for byte as Kubernetes' own code does it. Fields stand in the order of their numbers, keys of maps in
 * the order of their bytes, and what is no pointer in Go is written even when it is empty.
 */
import type { MessageWriter } from '../../../shared/kit/message-writer.ts'
import { isJsonObject, isWhole, type Json, type JsonObject } from '../../../shared/model/json.ts'
import type { ScalarKind } from '../../../shared/model/schemas/types.ts'
import type { Message, Shape } from './message.ts'
import { findMessage } from './messages.ts'
import { type SmallKind, smallFields, smallMessages } from './small-messages.ts'

/** Writes what an object says, the last field first. What its message does not know is left out. */
export function writeFields(writer: MessageWriter, message: Message, object: JsonObject): void {
  for (const [number, one] of message.fromEnd) {
    if (one.kind === 'inline') writer.message(number, () => writeFields(writer, one.message, object))
    else {
      const value = object[one.name] ?? undefined
      if (value !== undefined) writeField(writer, { number, shape: one.shape }, value)
      else if (!one.isPointer) writeEmpty(writer, { number, shape: one.shape })
    }
  }
}

interface Place {
  readonly number: number
  readonly shape: Shape
}

function writeField(writer: MessageWriter, { number, shape }: Place, value: Json): void {
  switch (shape.kind) {
    case 'list':
      return writeList(writer, { number, shape: shape.items }, Array.isArray(value) ? (value as readonly Json[]) : [])
    case 'map':
      return writeMap(writer, { number, shape: shape.values }, isJsonObject(value) ? value : {})
    case 'raw':
      return writer.message(number, () => writer.text(1, JSON.stringify(value)))
    case 'items':
      return writer.message(number, () => writeField(writer, { number: 1, shape: shape.items }, value))
    case 'either':
      return writer.message(number, () => writeEither(writer, shape.shapes, value))
    case 'message':
      return writeNested(writer, number, { schema: shape.schema, object: isJsonObject(value) ? value : {} })
    case 'scalar':
      return writeScalar(writer, { number, scalar: shape.scalar }, value)
  }
}

/** What was never set and is no pointer: a list, a map or bytes say nothing then. */
function writeEmpty(writer: MessageWriter, { number, shape }: Place): void {
  if (shape.kind === 'raw' || shape.kind === 'either' || shape.kind === 'items') writer.message(number, () => undefined)
  else if (shape.kind === 'message') writeNested(writer, number, { schema: shape.schema, object: {} })
  else if (shape.kind === 'scalar' && shape.scalar !== 'bytes') writeScalar(writer, { number, scalar: shape.scalar }, EMPTY[shape.scalar])
}

const EMPTY: Readonly<Record<Exclude<ScalarKind, 'bytes'>, Json>> = { string: '', int32: 0, int64: 0, number: 0, boolean: false, time: '', microTime: '', quantity: '0', intOrString: 0 }

function writeNested(writer: MessageWriter, number: number, { schema, object }: { readonly schema: string; readonly object: JsonObject }): void {
  const message = findMessage(schema)
  writer.message(number, () => message && writeFields(writer, message, object))
}

function writeList(writer: MessageWriter, place: Place, items: readonly Json[]): void {
  for (const item of items.toReversed()) {
    if (item === null) writeEmpty(writer, place)
    else writeField(writer, place, item)
  }
}

function writeMap(writer: MessageWriter, { number, shape }: Place, map: JsonObject): void {
  for (const key of sortedKeys(map).toReversed()) {
    const value = map[key] ?? null
    writer.message(number, () => {
      if (value === null) writeEmpty(writer, { number: 2, shape })
      else writeField(writer, { number: 2, shape }, value)
      writer.text(1, key)
    })
  }
}

/** In the order of their UTF-8. */
const sortedKeys = (map: JsonObject): readonly string[] => Object.keys(map).sort((a, b) => (isPlain(a) && isPlain(b) ? (a < b ? -1 : 1) : Buffer.compare(Buffer.from(a), Buffer.from(b))))

/** The order of such text is that of its bytes. */
const isPlain = (text: string): boolean => !/[\ud800-\udfff]/.test(text)

/** A schema or a list of them, a schema or a yes: a schema is a yes, too. */
function writeEither(writer: MessageWriter, shapes: ReadonlyMap<number, Shape>, value: Json): void {
  for (const [number, shape] of [...shapes].toReversed()) {
    if (shape.kind === 'scalar') writeScalar(writer, { number, scalar: shape.scalar }, value !== false)
    else if (shape.kind === 'list' ? Array.isArray(value) : isJsonObject(value)) writeField(writer, { number, shape }, value)
  }
}

function writeScalar(writer: MessageWriter, { number, scalar }: { readonly number: number; readonly scalar: ScalarKind }, value: Json): void {
  switch (scalar) {
    case 'string':
      return writer.text(number, typeof value === 'string' ? value : JSON.stringify(value))
    case 'int32':
    case 'int64':
      return writer.signed(number, isWhole(value) ? value : 0)
    case 'boolean':
      return writer.number(number, value === true ? 1 : 0)
    case 'number':
      return writer.double(number, Number(value))
    case 'bytes':
      return writer.bytes(number, Buffer.from(typeof value === 'string' ? value : '', 'base64'))
    case 'time':
    case 'microTime':
    case 'quantity':
    case 'intOrString':
      return writeSmall(writer, { number, kind: scalar }, value)
  }
}

function writeSmall(writer: MessageWriter, { number, kind }: { readonly number: number; readonly kind: SmallKind }, value: Json): void {
  const fields = smallFields(kind, value)
  writer.message(number, () => fields && writeFields(writer, smallMessages[kind], fields))
}
