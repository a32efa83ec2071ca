/** Bodies in protobuf for tests: messages of objects, and the wire byte by byte. */
import { MessageWriter } from '../../../shared/kit/message-writer.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { findMessage } from './messages.ts'
import { DELIMITED } from './wire-reader.ts'
import { writeFields } from './write-message.ts'

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

/** An object as the message of its schema. */
export function messageBytes(schema: string, object: JsonObject): Uint8Array {
  const message = findMessage(schema)
  if (!message) throw new Error(`no message ${schema}`)
  const writer = new MessageWriter()
  writeFields(writer, message, object)
  return writer.finish(0)
}
