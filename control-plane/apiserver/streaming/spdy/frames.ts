/** Frames of SPDY/3.1 on the wire. Header blocks stay packed here. */
import { Fault } from '../../../../shared/kit/faults.ts'

export type Frame =
  | { readonly kind: 'data'; readonly streamId: number; readonly fin: boolean; readonly data: Buffer }
  | { readonly kind: 'syn-stream'; readonly streamId: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly kind: 'syn-reply'; readonly streamId: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly kind: 'headers'; readonly streamId: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly kind: 'rst-stream'; readonly streamId: number; readonly status: number }
  | { readonly kind: 'settings'; readonly initialWindowBytes: number | undefined }
  | { readonly kind: 'ping'; readonly id: number }
  | { readonly kind: 'goaway'; readonly lastStreamId: number }
  | { readonly kind: 'window-update'; readonly streamId: number; readonly deltaBytes: number }
  /** Of a type that may be passed over. */
  | { readonly kind: 'other' }

export const RST_STATUS = { protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5 } as const

const VERSION = 3
const TYPE = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goaway: 7, headers: 8, windowUpdate: 9 } as const
const FIN = 0x01
const HEAD_BYTES = 8
const MAX_CONTROL_BYTES = 256 * 1024
const INITIAL_WINDOW_SETTING = 7

/** A data frame whose payload is still coming. */
interface OpenData {
  readonly streamId: number
  readonly fin: boolean
  readonly leftBytes: number
}

/**
 * Cuts a byte stream into frames. Data is handed on as it comes: a large frame gives several, the last of which ends the stream if it
 * does. Throws `Fault('corrupt')` for what is no SPDY/3.1.
 */
export async function* readFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let pending: Buffer = Buffer.alloc(0)
  let open: OpenData | undefined
  for await (const chunk of source) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    for (let next = nextFrame(pending, open); next; next = nextFrame(pending, open)) {
      pending = pending.subarray(next.readBytes)
      open = next.open
      if (next.frame) yield next.frame
    }
  }
}

interface Step {
  readonly readBytes: number
  readonly frame?: Frame
  readonly open?: OpenData
}

/** `undefined`: more bytes are needed. */
function nextFrame(bytes: Buffer, open: OpenData | undefined): Step | undefined {
  if (open) return dataStep(bytes, open)
  if (bytes.length < HEAD_BYTES) return undefined
  const length = bytes.readUIntBE(5, 3)
  if ((bytes.readUInt8(0) & 0x80) === 0) return { readBytes: HEAD_BYTES, open: { streamId: streamIdAt(bytes, 0), fin: (bytes.readUInt8(4) & FIN) !== 0, leftBytes: length } }
  if (length > MAX_CONTROL_BYTES) throw new Fault('corrupt', `a SPDY control frame of ${length} bytes`)
  const size = HEAD_BYTES + length
  return bytes.length < size ? undefined : { readBytes: size, frame: parseFrame(bytes.subarray(0, size)) }
}

function dataStep(bytes: Buffer, { streamId, fin, leftBytes }: OpenData): Step | undefined {
  const data = bytes.subarray(0, leftBytes)
  if (data.length === 0 && leftBytes > 0) return undefined
  const isLast = data.length === leftBytes
  const frame: Frame = { kind: 'data', streamId, fin: fin && isLast, data }
  return isLast ? { readBytes: data.length, frame } : { readBytes: data.length, frame, open: { streamId, fin, leftBytes: leftBytes - data.length } }
}

const streamIdAt = (bytes: Buffer, at: number): number => bytes.readUInt32BE(at) & 0x7fffffff

function parseFrame(bytes: Buffer): Frame {
  const fin = (bytes.readUInt8(4) & FIN) !== 0
  const version = bytes.readUInt16BE(0) & 0x7fff
  if (version !== VERSION) throw new Fault('corrupt', `SPDY version ${version} is not spoken here`)
  try {
    return parseControl(bytes.readUInt16BE(2), fin, bytes.subarray(HEAD_BYTES))
  } catch (cause) {
    throw new Fault('corrupt', 'a SPDY control frame is too short', { cause })
  }
}

function parseControl(type: number, fin: boolean, body: Buffer): Frame {
  switch (type) {
    case TYPE.synStream:
      return { kind: 'syn-stream', streamId: streamIdAt(body, 0), fin, block: body.subarray(10) }
    case TYPE.synReply:
      return { kind: 'syn-reply', streamId: streamIdAt(body, 0), fin, block: body.subarray(4) }
    case TYPE.headers:
      return { kind: 'headers', streamId: streamIdAt(body, 0), fin, block: body.subarray(4) }
    case TYPE.rstStream:
      return { kind: 'rst-stream', streamId: streamIdAt(body, 0), status: body.readUInt32BE(4) }
    case TYPE.settings:
      return { kind: 'settings', initialWindowBytes: initialWindow(body) }
    case TYPE.ping:
      return { kind: 'ping', id: body.readUInt32BE(0) }
    case TYPE.goaway:
      return { kind: 'goaway', lastStreamId: streamIdAt(body, 0) }
    case TYPE.windowUpdate:
      return { kind: 'window-update', streamId: streamIdAt(body, 0), deltaBytes: body.readUInt32BE(4) & 0x7fffffff }
    default:
      return { kind: 'other' }
  }
}

function initialWindow(body: Buffer): number | undefined {
  const entries = body.readUInt32BE(0)
  for (let i = 0; i < entries && 4 + i * 8 + 8 <= body.length; i++) {
    if (body.readUIntBE(4 + i * 8 + 1, 3) === INITIAL_WINDOW_SETTING) return body.readUInt32BE(4 + i * 8 + 4)
  }
  return undefined
}

function control(type: number, flags: number, body: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt16BE(0x8000 | VERSION, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt8(flags, 4)
  head.writeUIntBE(body.length, 5, 3)
  return Buffer.concat([head, body])
}

const numbers = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, index * 4))
  return bytes
}

/** A data frame's payload is not copied: it follows its head. */
export function dataHead(streamId: number, length: number, fin: boolean): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(streamId, 0)
  head.writeUInt8(fin ? FIN : 0, 4)
  head.writeUIntBE(length, 5, 3)
  return head
}

export const synStreamFrame = (streamId: number, block: Buffer, fin = false): Buffer => control(TYPE.synStream, fin ? FIN : 0, Buffer.concat([numbers(streamId, 0), Buffer.alloc(2), block]))
export const synReplyFrame = (streamId: number, block: Buffer): Buffer => control(TYPE.synReply, 0, Buffer.concat([numbers(streamId), block]))
export const rstStreamFrame = (streamId: number, status: number): Buffer => control(TYPE.rstStream, 0, numbers(streamId, status))
export const pingFrame = (id: number): Buffer => control(TYPE.ping, 0, numbers(id))
export const goawayFrame = (lastStreamId: number): Buffer => control(TYPE.goaway, 0, numbers(lastStreamId, 0))
export const windowUpdateFrame = (streamId: number, deltaBytes: number): Buffer => control(TYPE.windowUpdate, 0, numbers(streamId, deltaBytes))
