/** Objects, lists and events in Kubernetes' protobuf, as they stand in answers: in an envelope that says their kind and version. */
import { MessageWriter } from '../../../shared/kit/message-writer.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { KeptMessages } from './kept-messages.ts'
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

export interface TypeMeta {
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

const kept = new KeptMessages()

/** An object that lists and watches tell of: as a message it is written once for all of them. */
function writeShared(writer: MessageWriter, message: Message, object: JsonObject): void {
  const made = kept.find(object, message)
  if (made) return writer.raw(made)
  const end = writer.length
  writeFields(writer, message, object)
  kept.keep(object, message, writer.last(writer.length - end))
}

function messageOf({ apiVersion, kind }: TypeMeta): Message {
  const message = messageOfKind(apiVersion, kind)
  if (!message) throw new Error(`${apiVersion} ${kind} has no protobuf`)
  return message
}

// What discovery says of the core group has no version of its own.
const typeMetaOf = ({ apiVersion = '', kind = '' }: JsonObject): TypeMeta => ({ apiVersion: String(apiVersion), kind: String(kind) })

function writeEnvelope(writer: MessageWriter, of: TypeMeta, write: (message: Message) => void): void {
  const message = messageOf(of)
  writeEnd(writer)
  writer.message(RAW, () => write(message))
  writeHead(writer, of)
}

/** An object that says its kind and version. Throws for one that has no protobuf: nobody is offered that. */
export function protobufOf(object: JsonObject): Buffer {
  const writer = new MessageWriter()
  writeEnvelope(writer, typeMetaOf(object), (message) => writeFields(writer, message, object))
  return writer.finish(0)
}

/** Of what watches hear. */
const EVENT_TYPE = 1
const EVENT_OBJECT = 2
const RAW_EXTENSION = 1
const FRAME_LENGTH = 4

export interface ToldEvent {
  readonly type: string
  readonly object: JsonObject
  /** As what an object is told that is there for others, too. Absent: it is this event's own, and says its kind. */
  readonly of?: TypeMeta | undefined
}

/** Events of a watch, each behind its length: an event itself stands in no envelope, its object does. One more is made in each step. */
export function* eventFrames(events: readonly ToldEvent[]): Generator<void, Uint8Array> {
  const [first = Buffer.alloc(0), ...more] = yield* inPieces(events, (writer, { type, object, of }) => {
    const end = writer.length
    writer.message(EVENT_OBJECT, () => writer.message(RAW_EXTENSION, () => writeEnvelope(writer, of ?? typeMetaOf(object), (message) => (of ? writeShared : writeFields)(writer, message, object))))
    writer.text(EVENT_TYPE, type)
    const length = Buffer.alloc(FRAME_LENGTH)
    length.writeUInt32BE(writer.length - end)
    writer.raw(length)
  })
  return more.length === 0 ? first : Buffer.concat([first, ...more])
}

/** Every list has its metadata there, and its items. */
const METADATA = 1
const ITEMS = 2

const listMeta = (): Message | undefined => findMessage('io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta')

/** The items of a list, in pieces that follow each other; one more is made in each step. @param of the kind of each, whatever it says itself. */
export function itemPieces(items: readonly JsonObject[], of: TypeMeta): Generator<void, readonly Uint8Array[]> {
  const message = messageOf(of)
  return inPieces(items, (writer, item) => writer.message(ITEMS, () => writeShared(writer, message, item)))
}

/** Large enough that a piece costs little, small enough that a connection need not hold a whole list. */
const PIECE_BYTES = 1024 * 1024

/** One after the other, in pieces that follow each other; one more is written in each step. */
function* inPieces<T>(all: readonly T[], write: (writer: MessageWriter, one: T) => void): Generator<void, readonly Uint8Array[]> {
  const pieces: Uint8Array[] = []
  let writer = new MessageWriter()
  for (const one of all.toReversed()) {
    write(writer, one)
    yield
    if (writer.length < PIECE_BYTES) continue
    // Without the room that a writer has taken for more: they are kept for others.
    pieces.push(writer.last(writer.length))
    writer = new MessageWriter()
  }
  if (writer.length > 0) pieces.push(writer.last(writer.length))
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
