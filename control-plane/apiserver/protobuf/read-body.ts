/**
 * Bodies in Kubernetes' protobuf: four bytes of prefix, an envelope that says kind and version, in it the message. They become the JSON
 * value that would have said the same, so that all that follows knows one form only.
 */
import { type Refused, badRequest } from '../decode/refused.ts'
import { unrecognized, unsupportedBody } from '../decode/media.ts'
import { isTooDeep, type JsonObject, MAX_NESTING } from '../../../shared/model/json.ts'
import type { Message } from './message.ts'
import { findMessage } from './messages.ts'
import { readMessage, type ReadMessage } from './read-message.ts'
import { DELIMITED, WireReader } from './wire-reader.ts'

const PREFIX = [107, 56, 115, 0]

export interface Envelope {
  readonly kind: 'envelope'
  readonly typeMeta: { readonly apiVersion: string; readonly kind: string }
  readonly message: Uint8Array
}

/** Opens the envelope; `expectedKind` is for the words of a refusal. */
export function readEnvelope(bytes: Uint8Array, expectedKind: string): Envelope | Refused {
  if (bytes.length === 0) return unrecognized(expectedKind, 'empty data', bytes)
  if (!PREFIX.every((byte, index) => bytes[index] === byte)) return unrecognized(expectedKind, `provided data does not appear to be a protobuf message, expected prefix [${PREFIX.join(' ')}]`, bytes)
  const reader = new WireReader(bytes.subarray(PREFIX.length), 'Unknown')
  const parts = readParts(reader)
  const metaReader = new WireReader(parts.get(TYPE_META) ?? new Uint8Array(), 'TypeMeta')
  const meta = readParts(metaReader)
  const problem = reader.problem ?? metaReader.problem
  if (problem !== undefined) return unrecognized(expectedKind, problem, bytes)
  return { kind: 'envelope', typeMeta: { apiVersion: textOf(meta.get(API_VERSION)), kind: textOf(meta.get(KIND)) }, message: parts.get(RAW) ?? new Uint8Array() }
}

/** Fields of the envelope and of its type meta. */
const TYPE_META = 1
const RAW = 2
const API_VERSION = 1
const KIND = 2

const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

/** The delimited fields of a message by their numbers, the last of each. */
function readParts(reader: WireReader): ReadonlyMap<number, Uint8Array> {
  const parts = new Map<number, Uint8Array>()
  for (let tag = reader.next(); tag !== undefined; tag = reader.next()) {
    if (tag.wire === DELIMITED) parts.set(tag.number, reader.bytes())
    else reader.skip(tag.wire)
  }
  return parts
}

/** The message as JSON. Refused for a kind that has no protobuf form, and, after `subject`, for bytes that are no such message. */
export function readProtobuf(message: Uint8Array, schema: string, subject: string): { readonly kind: 'message'; readonly object: JsonObject } | Refused {
  const type = findMessage(schema)
  if (!type) return unsupportedBody
  const read = readShallow(type, message)
  return read.kind === 'message' ? read : badRequest(`${subject}${read.message}`)
}

/** Messages may be nested no more deeply than JSON. */
function readShallow(type: Message, bytes: Uint8Array): ReadMessage {
  try {
    const read = readMessage(type, bytes)
    if (read.kind === 'problem' || bytes.length <= 2 * MAX_NESTING || !isTooDeep(read.object)) return read
  } catch (error) {
    // Deeper than a stack.
    if (!(error instanceof RangeError)) throw error
  }
  return { kind: 'problem', message: 'exceeded max depth' }
}
