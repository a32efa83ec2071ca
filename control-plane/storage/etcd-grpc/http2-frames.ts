/** Frames of HTTP/2 (RFC 9113): nine bytes that say how long, what, of which stream, and what they carry. */

export const DATA = 0
export const HEADERS = 1
export const RST_STREAM = 3
export const SETTINGS = 4
export const PING = 6
export const GOAWAY = 7
export const WINDOW_UPDATE = 8
export const CONTINUATION = 9

export const END_STREAM = 0x1
export const ACK = 0x1
export const END_HEADERS = 0x4
export const PADDED = 0x8
export const PRIORITY = 0x20

export const HEADER_TABLE_SIZE = 1
export const ENABLE_PUSH = 2
export const MAX_CONCURRENT_STREAMS = 3
export const INITIAL_WINDOW_SIZE = 4
export const MAX_FRAME_SIZE = 5

export const REFUSED_STREAM = 7
export const CANCEL = 8

/** What both sides begin with. */
export const DEFAULT_WINDOW_BYTES = 65_535
export const DEFAULT_FRAME_BYTES = 16_384
/** Nobody may ask for longer ones: their length has 24 bits. Nor for shorter ones than both sides begin with. */
export const LARGEST_FRAME_BYTES = 2 ** 24 - 1
/** No window may grow beyond it. */
export const LARGEST_WINDOW_BYTES = 2 ** 31 - 1

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

const HEAD = 9

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  /** A part of what came, not a copy. */
  readonly body: Buffer
}

/** The head of a frame whose body follows it. */
export function frameHead({ type, flags = 0, stream = 0 }: { readonly type: number; readonly flags?: number; readonly stream?: number }, length: number): Buffer {
  const head = Buffer.allocUnsafe(HEAD)
  head.writeUIntBE(length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return head
}

/** A small one in one piece. */
export const wholeFrame = (about: Parameters<typeof frameHead>[0], body: Buffer): Buffer => Buffer.concat([frameHead(about, body.length), body])

/** One number of 32 bits: of a window or a reset. */
export function numberFrame(about: Parameters<typeof frameHead>[0], value: number): Buffer {
  const body = Buffer.allocUnsafe(4)
  body.writeUInt32BE(value)
  return wholeFrame(about, body)
}

export function settingsFrame(settings: ReadonlyArray<readonly [id: number, value: number]>): Buffer {
  const body = Buffer.allocUnsafe(6 * settings.length)
  for (const [index, [id, value]] of settings.entries()) {
    body.writeUInt16BE(id, 6 * index)
    body.writeUInt32BE(value, 6 * index + 2)
  }
  return wholeFrame({ type: SETTINGS }, body)
}

export function* readSettings(body: Buffer): Iterable<readonly [id: number, value: number]> {
  if (body.length % 6 !== 0) throw new RangeError('settings end in the midst of one')
  for (let at = 0; at < body.length; at += 6) yield [body.readUInt16BE(at), body.readUInt32BE(at + 2)]
}

/** What is left of a body without its padding, and without the priority that headers may say. Throws `RangeError`. */
export function withoutPadding({ type, flags, body }: Frame): Buffer {
  const isPadded = (flags & PADDED) !== 0
  const begin = Number(isPadded) + (type === HEADERS && (flags & PRIORITY) !== 0 ? 5 : 0)
  const end = body.length - (isPadded ? (body[0] ?? 0) : 0)
  if (begin > end) throw new RangeError('a frame has more padding than it is long')
  return begin === 0 && end === body.length ? body : body.subarray(begin, end)
}

/** Cuts what comes into frames. */
export class FrameCutter {
  #rest: Buffer | undefined

  /** Throws `RangeError` for a frame that is longer than anybody was told he may send. */
  *cut(piece: Buffer): Iterable<Frame> {
    const bytes = this.#rest === undefined ? piece : Buffer.concat([this.#rest, piece])
    this.#rest = undefined
    let at = 0
    while (bytes.length - at >= HEAD) {
      const length = bytes.readUIntBE(at, 3)
      if (length > DEFAULT_FRAME_BYTES) throw new RangeError(`a frame of ${length} bytes`)
      const end = at + HEAD + length
      if (end > bytes.length) break
      yield { type: bytes[at + 3] as number, flags: bytes[at + 4] as number, stream: bytes.readUInt32BE(at + 5) & 0x7fff_ffff, body: bytes.subarray(at + HEAD, end) }
      at = end
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at)
  }
}
