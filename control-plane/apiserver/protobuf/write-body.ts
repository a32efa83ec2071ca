/** Objects, lists and events in Kubernetes' protobuf, as they stand in answers: in an envelope that says their kind and version. PURE. */
import { MessageWriter } from '../../../shared/kit/message-writer.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import type { Message } from './message.ts'
import { findMessage, messageOfKind } from './messages.ts'
import { writeFields } from './write-message.ts'

const PREFIX = Buffer.from([107, 56, 115, 0])

/** What stands in an envelope, and in what it says of its kind. */
const TYPE_META = 1
const RAW = 2
const CONTENT_ENCODING = 3
const CONTENT_TYPE = 4
const API_VERSION = 1
const KIND = 2

interface TypeMeta {
  readonly apiVersion: string
  readonly kind: string
}

function writeEnd(writer: MessageWriter): void {
  writer.text(CONTENT_TYPE, '')
  writer.text(CONTENT_ENCODING, '')
}

function writeHead(writer: MessageWriter, { apiVersion, kind }: TypeMeta): void {
  writer.message(TYPE_META, () => {
    writer.text(KIND, kind)
    writer.text(API_VERSION, apiVersion)
  })
  writer.raw(PREFIX)
}

function writeObject(writer: MessageWriter, object: JsonObject): void {
  // What discovery says of the core group has no version of its own.
  const { apiVersion = '', kind = '' } = object
  const meta = { apiVersion: String(apiVersion), kind: String(kind) }
  const message = messageOfKind(meta.apiVersion, meta.kind)
  if (!message) throw new Error(`${meta.apiVersion} ${meta.kind} has no protobuf`)
  writeEnd(writer)
  writer.message(RAW, () => writeFields(writer, message, object))
  writeHead(writer, meta)
}

/** An object that says its kind and version. Throws for one that has no protobuf: nobody is offered that. */
export function protobufOf(object: JsonObject): Buffer {
  const writer = new MessageWriter()
  writeObject(writer, object)
  return writer.finish(0)
}

/** Of what watches hear. */
const EVENT_TYPE = 1
const EVENT_OBJECT = 2
const RAW_EXTENSION = 1
const FRAME_LENGTH = 4

/** An event of a watch behind its length: the event itself stands in no envelope, its object does. */
export function eventFrame(type: string, object: JsonObject): Buffer {
  const writer = new MessageWriter()
  writer.message(EVENT_OBJECT, () => writer.message(RAW_EXTENSION, () => writeObject(writer, object)))
  writer.text(EVENT_TYPE, type)
  const frame = writer.finish(FRAME_LENGTH)
  frame.writeUInt32BE(frame.length - FRAME_LENGTH)
  return frame
}

/** Every list has its metadata there, and its items. */
const METADATA = 1
const ITEMS = 2

const listMeta = (): Message | undefined => findMessage('io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta')

/** Large enough that a piece costs little, small enough that a connection need not hold a whole list. */
const PIECE_BYTES = 1024 * 1024

/** Without the room that a writer has taken for more: lists are kept for others. */
const exact = (writer: MessageWriter): Uint8Array => Uint8Array.from(writer.finish(0))

/** The items of a list, in pieces that follow each other. @param of the kind of each, whatever it says itself. */
export function itemPieces(items: readonly JsonObject[], of: TypeMeta): readonly Uint8Array[] {
  const message = messageOfKind(of.apiVersion, of.kind)
  if (!message) throw new Error(`${of.apiVersion} ${of.kind} has no protobuf`)
  const pieces: Uint8Array[] = []
  let writer = new MessageWriter()
  for (const item of items.toReversed()) {
    writer.message(ITEMS, () => writeFields(writer, message, item))
    if (writer.length < PIECE_BYTES) continue
    pieces.push(exact(writer))
    writer = new MessageWriter()
  }
  if (writer.length > 0) pieces.push(exact(writer))
  return pieces.toReversed()
}

/** A list around its items. */
export function listPieces(list: TypeMeta & { readonly metadata: JsonObject }, items: readonly Uint8Array[]): readonly Uint8Array[] {
  const end = new MessageWriter()
  writeEnd(end)
  const writer = new MessageWriter()
  const message = listMeta()
  writer.message(METADATA, () => message && writeFields(writer, message, list.metadata))
  writer.head(RAW, writer.length + items.reduce((sum, piece) => sum + piece.length, 0))
  writeHead(writer, list)
  return [writer.finish(0), ...items, end.finish(0)]
}
