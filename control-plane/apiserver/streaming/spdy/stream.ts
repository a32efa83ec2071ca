import { byteQueue, type ByteQueue } from '../byte-queue.ts'
import type { SpdyHeaders } from './headers.ts'
import { RST_STATUS } from './frames.ts'
import { sendWindow, type SendWindow } from './window.ts'

/** What a stream needs of its session. */
export interface StreamWire {
  sendData(streamId: number, chunk: Buffer, fin: boolean): Promise<void>
  sendReset(streamId: number, status: number): void
  /** The peer may send this much more. */
  grant(streamId: number, bytes: number): void
  isWindowBinding(): boolean
  forget(streamId: number): void
}

/** Data frames are kept small, so that streams of one session take turns. */
const MAX_DATA_BYTES = 32 * 1024

/** One stream of a session, opened by the peer. */
export class SpdyStream {
  readonly id: number
  readonly headers: SpdyHeaders
  readonly window: SendWindow
  readonly #wire: StreamWire
  readonly #queue: ByteQueue
  #localDone = false
  #remoteDone = false

  constructor(id: number, headers: SpdyHeaders, wire: StreamWire) {
    this.id = id
    this.headers = headers
    this.#wire = wire
    this.#queue = byteQueue()
    this.window = sendWindow(() => wire.isWindowBinding())
  }

  /** What the peer sends, until it half-closes or the stream breaks. One reader. */
  get incoming(): AsyncIterable<Buffer> {
    return this.#granting()
  }

  async *#granting(): AsyncGenerator<Buffer> {
    for await (const chunk of this.#queue) {
      this.#wire.grant(this.id, chunk.length)
      yield chunk
    }
  }

  get isOpen(): boolean {
    return !this.#localDone
  }

  /** Resolves when the connection has taken it. After the end it is dropped. */
  async write(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length && !this.#localDone; ) {
      const length = await this.window.take(Math.min(MAX_DATA_BYTES, chunk.length - at))
      await this.#wire.sendData(this.id, chunk.subarray(at, at + length), false)
      at += length
    }
  }

  /** Half-close: we send no more. */
  async end(): Promise<void> {
    if (this.#localDone) return
    this.#localDone = true
    await this.#wire.sendData(this.id, Buffer.alloc(0), true)
    this.#forgetIfDone()
  }

  /** Drops what the peer still sends. */
  ignoreIncoming(): void {
    this.#queue.discard()
  }

  reset(status: number = RST_STATUS.cancel): void {
    if (!this.#localDone || !this.#remoteDone) this.#wire.sendReset(this.id, status)
    this.broken()
  }

  /** For the session: data has come. Resolves when more may come. */
  async receive(data: Buffer, fin: boolean): Promise<void> {
    if (data.length > 0) this.#queue.push(data)
    if (fin) {
      this.#remoteDone = true
      this.#queue.end()
      this.#forgetIfDone()
      return
    }
    await this.#queue.room()
  }

  /** For the session: the stream or the connection is gone. */
  broken(): void {
    this.#localDone = true
    this.#remoteDone = true
    this.window.close()
    this.#queue.end()
    this.#wire.forget(this.id)
  }

  #forgetIfDone(): void {
    if (this.#localDone && this.#remoteDone) this.#wire.forget(this.id)
  }
}
