/**
 * The client's side of one HTTP/2 connection, as far as gRPC needs it: streams with headers, data in both directions under the windows of HTTP/2, pings and
 * farewells. Node's own makes several objects, timers and turns of the loop for each stream; here what is written in one turn leaves in one piece.
 */
import type { Socket } from 'node:net'
import type { Clock } from '../../../shared/kit/clock.ts'
import { readHeaders, type Headers } from './headers.ts'
import * as wire from './http2-frames.ts'

/** How a stream ends: the other side is done with it, breaks it off, has not looked at it at all, or the connection is gone. */
export type StreamEnd = { readonly kind: 'done' | 'unseen' | 'broken' } | { readonly kind: 'reset'; readonly code: number }

export interface StreamListener {
  /** Before what is said and after it. */
  onHeaders(headers: Headers): void
  /** A part of what came, which is not written to any more. */
  onData(piece: Buffer): void
  /** Once, and nothing after it. */
  onEnd(end: StreamEnd): void
}

export interface SessionOptions {
  readonly socket: Socket
  readonly clock: Clock
  /** How far the other side may be ahead of us, on a stream; on all together twice as far. */
  readonly windowBytes: number
  /** The other side takes no new streams. */
  onGoaway(): void
  /** Once; all streams have ended. */
  onClose(): void
}

export interface Stream {
  readonly id: number
}

interface Open extends Stream {
  readonly listener: StreamListener
  /** What the other side still takes. */
  window: number
  /** What it has sent since we last said how much more we take. */
  taken: number
  /** What waits for room. */
  waiting: Buffer[]
  isLastGiven: boolean
}

interface BegunHeaders {
  readonly stream: number
  readonly isLast: boolean
  readonly parts: Buffer[]
}

/** Answers to pings are not more frequent: a server that measures how far away we are after each call would keep both sides busy with it. */
const PONG_MS = 100
const MOST_HEADER_BYTES = 256 * 1024

export class Http2Session {
  readonly #options: SessionOptions
  readonly #streams = new Map<number, Open>()
  readonly #cutter = new wire.FrameCutter()
  readonly #pings: Array<() => void> = []
  #nextId = 1
  #out: Buffer[] = []
  #isDestroyed = false
  #failure: Error | undefined
  /** What the other side takes on all streams together, on each new one, in one frame. */
  #window = wire.DEFAULT_WINDOW_BYTES
  #streamWindow = wire.DEFAULT_WINDOW_BYTES
  #frameBytes = wire.DEFAULT_FRAME_BYTES
  #mostStreams = Number.POSITIVE_INFINITY
  #taken = 0
  #hasSettings = false
  /** Headers whose end has not come. */
  #begun: BegunHeaders | undefined
  #pongAtMs = Number.NEGATIVE_INFINITY
  #cancelPong: (() => void) | undefined

  constructor(options: SessionOptions) {
    this.#options = options
    const { socket, windowBytes } = options
    const settings = wire.settingsFrame([[wire.HEADER_TABLE_SIZE, 0], [wire.ENABLE_PUSH, 0], [wire.INITIAL_WINDOW_SIZE, windowBytes]])
    this.#write(wire.PREFACE, settings, wire.numberFrame({ type: wire.WINDOW_UPDATE }, 2 * windowBytes - wire.DEFAULT_WINDOW_BYTES))
    socket.setNoDelay(true)
    socket.on('data', (piece: Buffer) => this.#read(piece))
    socket.on('error', (error) => (this.#failure ??= error))
    // No answer comes any more. The socket itself ends only when all is written, which the other side may not read.
    socket.on('end', () => this.destroy())
    socket.on('close', () => this.destroy())
  }

  /** Why it broke, if that is known. */
  get failure(): Error | undefined {
    return this.#failure
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed
  }

  /** The other side takes no more streams at the same time. */
  get isFull(): boolean {
    return this.#streams.size >= this.#mostStreams
  }

  /** @param headers as bytes. Nothing is told of the stream before this call is over. */
  open(headers: Buffer, listener: StreamListener): Stream {
    if (this.#isDestroyed) throw new Error('a call is begun on a connection that is gone')
    const stream: Open = { id: this.#nextId, listener, window: this.#streamWindow, taken: 0, waiting: [], isLastGiven: false }
    this.#nextId += 2
    this.#streams.set(stream.id, stream)
    this.#write(wire.frameHead({ type: wire.HEADERS, flags: wire.END_HEADERS, stream: stream.id }, headers.length), headers)
    return stream
  }

  /** @param bytes not empty; not written to any more by the caller. */
  send({ id }: Stream, bytes: Buffer, isLast: boolean): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    stream.waiting.push(bytes)
    stream.isLastGiven = isLast
    this.#pump(stream)
  }

  /** Lets go of a stream; nothing more is told of it. */
  cancel({ id }: Stream): void {
    if (this.#streams.delete(id)) this.#reset(id)
  }

  ping(answered: () => void): void {
    this.#pings.push(answered)
    this.#write(wire.wholeFrame({ type: wire.PING }, Buffer.alloc(8)))
  }

  /** At once, with all streams. */
  destroy(error?: Error): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    this.#failure ??= error
    this.#cancelPong?.()
    this.#options.socket.destroy()
    for (const id of this.#streams.keys()) this.#end(id, { kind: 'broken' })
    this.#options.onClose()
  }

  #write(...pieces: readonly Buffer[]): void {
    if (this.#isDestroyed) return
    if (this.#out.length === 0) queueMicrotask(() => this.#flush())
    this.#out.push(...pieces)
  }

  #flush(): void {
    const pieces = this.#out
    this.#out = []
    if (!this.#isDestroyed) this.#options.socket.write(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces))
  }

  #reset(stream: number): void {
    this.#write(wire.numberFrame({ type: wire.RST_STREAM, stream }, wire.CANCEL))
  }

  #pump(stream: Open): void {
    for (let [bytes] = stream.waiting; bytes !== undefined; [bytes] = stream.waiting) {
      const size = Math.min(bytes.length, stream.window, this.#window, this.#frameBytes)
      if (size <= 0) return
      stream.window -= size
      this.#window -= size
      if (size < bytes.length) stream.waiting[0] = bytes.subarray(size)
      else stream.waiting.shift()
      const isLast = stream.isLastGiven && stream.waiting.length === 0
      this.#write(wire.frameHead({ type: wire.DATA, flags: isLast ? wire.END_STREAM : 0, stream: stream.id }, size), bytes.subarray(0, size))
    }
  }

  #pumpAll(): void {
    for (const stream of this.#streams.values()) {
      if (this.#window <= 0) return
      if (stream.waiting.length > 0) this.#pump(stream)
    }
  }

  #read(piece: Buffer): void {
    try {
      for (const frame of this.#cutter.cut(piece)) {
        if (this.#isDestroyed) return
        this.#take(frame)
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.destroy(new Error(`the other side does not speak HTTP/2: ${error.message}`, { cause: error }))
    }
  }

  /** Throws `RangeError` for what nobody may send. */
  #take(frame: wire.Frame): void {
    if (!this.#hasSettings && frame.type !== wire.SETTINGS) throw new RangeError('it does not begin with settings')
    if (this.#begun && frame.type !== wire.CONTINUATION) throw new RangeError('headers are broken off')
    switch (frame.type) {
      case wire.DATA:
        return this.#takeData(frame)
      case wire.HEADERS:
        return this.#takeHeaders(frame, { stream: frame.stream, isLast: (frame.flags & wire.END_STREAM) !== 0, parts: [] }, wire.withoutPadding(frame))
      case wire.CONTINUATION:
        if (this.#begun?.stream !== frame.stream) throw new RangeError('headers go on that have not begun')
        return this.#takeHeaders(frame, this.#begun, frame.body)
      case wire.RST_STREAM:
        return this.#end(frame.stream, { kind: 'reset', code: frame.body.readUInt32BE() })
      case wire.SETTINGS:
        return this.#takeSettings(frame)
      case wire.PING:
        return (frame.flags & wire.ACK) === 0 ? this.#pong(frame.body) : this.#pings.shift()?.()
      case wire.GOAWAY:
        return this.#takeGoaway(frame.body)
      case wire.WINDOW_UPDATE:
        return this.#takeWindow(frame.stream, frame.body.readUInt32BE() & 0x7fff_ffff)
    }
  }

  #takeData(frame: wire.Frame): void {
    const { windowBytes } = this.#options
    const isLast = (frame.flags & wire.END_STREAM) !== 0
    const said = wire.withoutPadding(frame)
    this.#taken += frame.body.length
    if (this.#taken >= windowBytes) {
      this.#write(wire.numberFrame({ type: wire.WINDOW_UPDATE }, this.#taken))
      this.#taken = 0
    }
    const stream = this.#streams.get(frame.stream)
    // It was given up, and the other side has not heard of that.
    if (stream === undefined) return
    stream.taken += frame.body.length
    if (stream.taken >= windowBytes / 2 && !isLast) {
      this.#write(wire.numberFrame({ type: wire.WINDOW_UPDATE, stream: stream.id }, stream.taken))
      stream.taken = 0
    }
    if (isLast) this.#leave(stream.id)
    stream.listener.onData(said)
    if (isLast) stream.listener.onEnd({ kind: 'done' })
  }

  #takeHeaders({ flags }: wire.Frame, headers: BegunHeaders, part: Buffer): void {
    headers.parts.push(part)
    if ((flags & wire.END_HEADERS) === 0) {
      if (headers.parts.length * wire.DEFAULT_FRAME_BYTES > MOST_HEADER_BYTES) throw new RangeError('headers without end')
      this.#begun = headers
      return
    }
    this.#begun = undefined
    const said = readHeaders(headers.parts.length === 1 ? part : Buffer.concat(headers.parts))
    const stream = this.#streams.get(headers.stream)
    if (headers.isLast) this.#leave(headers.stream)
    stream?.listener.onHeaders(said)
    if (headers.isLast) stream?.listener.onEnd({ kind: 'done' })
  }

  #takeSettings({ flags, body }: wire.Frame): void {
    this.#hasSettings = true
    if ((flags & wire.ACK) !== 0) return
    for (const [id, value] of wire.readSettings(body)) {
      if (id === wire.MAX_CONCURRENT_STREAMS) this.#mostStreams = value
      else if (id === wire.MAX_FRAME_SIZE) {
        // In frames of no bytes nothing would ever be sent.
        if (value < wire.DEFAULT_FRAME_BYTES || value > wire.LARGEST_FRAME_BYTES) throw new RangeError(`it takes frames of ${value} bytes`)
        this.#frameBytes = value
      } else if (id === wire.INITIAL_WINDOW_SIZE) {
        checkWindow(value)
        for (const stream of this.#streams.values()) checkWindow((stream.window += value - this.#streamWindow))
        this.#streamWindow = value
      }
    }
    this.#write(wire.frameHead({ type: wire.SETTINGS, flags: wire.ACK }, 0))
    this.#pumpAll()
  }

  #takeWindow(id: number, bytes: number): void {
    const stream = this.#streams.get(id)
    if (id === 0) {
      this.#window += bytes
      checkWindow(this.#window)
      this.#pumpAll()
    } else if (stream) {
      stream.window += bytes
      checkWindow(stream.window)
      this.#pump(stream)
    }
  }

  #pong(body: Buffer): void {
    const { clock } = this.#options
    const answer = wire.wholeFrame({ type: wire.PING, flags: wire.ACK }, body)
    const send = (): void => {
      this.#cancelPong = undefined
      this.#pongAtMs = clock.monotonicMs()
      this.#write(answer)
    }
    const restMs = this.#pongAtMs + PONG_MS - clock.monotonicMs()
    // Whoever does not wait for the answer before asks too often.
    if (restMs <= 0 || this.#cancelPong) send()
    else this.#cancelPong = clock.after(restMs, send)
  }

  #takeGoaway(body: Buffer): void {
    const last = body.readUInt32BE() & 0x7fff_ffff
    const code = body.readUInt32BE(4)
    for (const id of this.#streams.keys()) if (id > last) this.#end(id, { kind: 'unseen' })
    if (code === 0) this.#options.onGoaway()
    else this.destroy(new Error(`the other side ended the connection (HTTP/2 code ${code}${body.length > 8 ? `: ${body.toString('latin1', 8, 200)}` : ''})`))
  }

  #end(id: number, end: StreamEnd): void {
    const stream = this.#streams.get(id)
    this.#streams.delete(id)
    stream?.listener.onEnd(end)
  }

  /** The other side is done with it, and so are we, whatever we had still to say. */
  #leave(id: number): void {
    const stream = this.#streams.get(id)
    this.#streams.delete(id)
    if (stream && (!stream.isLastGiven || stream.waiting.length > 0)) this.#reset(id)
  }
}

function checkWindow(bytes: number): void {
  if (bytes > wire.LARGEST_WINDOW_BYTES) throw new RangeError('a window grows beyond all bounds')
}
