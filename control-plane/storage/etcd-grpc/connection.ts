/**
 * Calls over one HTTP/2 connection to one server, which is made at the first call and again at the first one after it broke. What is asked once and what goes on (watches) share
 * it: what the server has to say about both comes in together.
 */
import type { Clock } from '../../../shared/kit/clock.ts'
import { FrameReader, frameOf } from './frames.ts'
import { CANCELLED, DEADLINE_EXCEEDED, errorOf, GrpcError, INTERNAL, UNAVAILABLE, unreadable } from './grpc-error.ts'
import { writeHeaders, type Headers } from './headers.ts'
import { REFUSED_STREAM } from './http2-frames.ts'
import type { Stream, StreamEnd } from './http2-session.ts'
import { broken, discard, leave, neverSent, openLive, retire, takesCalls, type Live, type Peer } from './live.ts'
import type { MessageReader } from './message-reader.ts'
import type { MessageWriter } from '../../../shared/kit/message-writer.ts'
import type { Method } from './messages.ts'

export interface ConnectionOptions extends Peer {
  readonly clock: Clock
  /** After so long without an answer to a ping the connection counts as broken. */
  readonly silenceMs: number
  /** After so many calls another connection is made; half of all there can be by default. */
  readonly maxCalls?: number | undefined
}

/** What comes of a call that goes on. */
export interface StreamListener {
  onMessage(message: MessageReader): void
  /** Once, and nothing after it. */
  onEnd(error: GrpcError): void
}

export interface GrpcStream {
  send(write: (writer: MessageWriter) => void): void
  /** Nothing more is told. */
  cancel(): void
}

/** A server takes more often for an attack. */
const PING_MS = 10_000
/** HTTP/2 has twice as many numbers for the calls of one connection. */
const MAX_CALLS = 2 ** 29

export class GrpcConnection {
  readonly #options: ConnectionOptions
  /** All there are: the newest, and those retired ones that have calls under way. */
  readonly #all = new Set<Live>()
  readonly #known = new Map<string, Buffer>()
  #timeout: { readonly ms: number; readonly header: Buffer } = { ms: Number.NaN, header: Buffer.alloc(0) }
  #live: Live | undefined
  #isClosed = false

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** Throws `GrpcError`. */
  call<Q, A>(method: Method<Q, A>, request: Q, timeoutMs: number): Promise<A> {
    return new Promise((resolve, reject) => {
      const frames = new FrameReader()
      let cancelTimer = (): void => {}
      const stream = this.#open(method.path, timeoutMs, {
        onPiece: (piece) => frames.push(piece),
        onEnd: (error) => {
          cancelTimer()
          if (error) return reject(error)
          try {
            resolve(answerIn(frames, method))
          } catch (fault) {
            reject(unreadable(fault))
          }
        },
      })
      if (stream.isOver) return
      cancelTimer = this.#options.clock.after(timeoutMs, () => {
        stream.end(new GrpcError(DEADLINE_EXCEEDED, `no answer within ${timeoutMs} ms`))
        if (stream.live) giveUp(stream.live)
      })
      stream.send(frameOf((writer) => method.write(writer, request)), true)
    })
  }

  stream(path: string, listener: StreamListener): GrpcStream {
    const frames = new FrameReader()
    const stream = this.#open(path, undefined, {
      onPiece: (piece) => {
        frames.push(piece)
        for (let message = frames.take(); message !== undefined; message = frames.take()) listener.onMessage(message)
      },
      onEnd: (error) => listener.onEnd(error ?? new GrpcError(UNAVAILABLE, 'the other side ended the call')),
    })
    return {
      send: (write) => stream.send(frameOf(write), false),
      cancel: () => stream.end(new GrpcError(CANCELLED, 'the call was given up')),
    }
  }

  close(): void {
    this.#isClosed = true
    for (const live of this.#all) discard(live)
  }

  #open(path: string, timeoutMs: number | undefined, listener: PieceListener): Call {
    const call = new Call(listener)
    if (this.#isClosed) call.end(new GrpcError(CANCELLED, 'the connection is closed'))
    else {
      const live = this.#connected()
      call.follow(live, live.session.open(this.#headers(live, path, timeoutMs), call))
      this.#count(live)
    }
    return call
  }

  /** What is said of each call to the same path is made once. */
  #headers({ scheme, authority }: Live, path: string, timeoutMs: number | undefined): Buffer {
    let headers = this.#known.get(path)
    if (headers === undefined) this.#known.set(path, (headers = writeHeaders([[':method', 'POST'], [':scheme', scheme], [':authority', authority], [':path', path], ['content-type', 'application/grpc'], ['te', 'trailers']])))
    if (timeoutMs === undefined) return headers
    if (this.#timeout.ms !== timeoutMs) this.#timeout = { ms: timeoutMs, header: writeHeaders([['grpc-timeout', `${Math.ceil(timeoutMs)}m`]]) }
    return Buffer.concat([headers, this.#timeout.header])
  }

  #count(live: Live): void {
    if (live.calls++ === 0) this.#lookLater(live)
    if (++live.begun >= (this.#options.maxCalls ?? MAX_CALLS)) retire(live)
  }

  #connected(): Live {
    const known = this.#live
    if (known) {
      if (takesCalls(known)) return known
      retire(known)
    }
    const { clock } = this.#options
    const live = openLive(this.#options, clock, {
      onConnect: () => {
        if (live.calls > 0) this.#lookLater(live)
      },
      onClose: () => this.#all.delete(live),
    })
    this.#all.add(live)
    this.#live = live
    return live
  }

  /** As long as a call is under way it is looked whether the other side is still there: it may have gone without a word. */
  #lookLater(live: Live): void {
    live.cancelLook()
    const { clock, silenceMs } = this.#options
    live.cancelLook = live.isConnected ? clock.after(PING_MS, () => this.#look(live)) : clock.after(silenceMs, () => silent(live, silenceMs))
  }

  #look(live: Live): void {
    if (live.session.isDestroyed) return
    const { clock, silenceMs } = this.#options
    const cancel = clock.after(silenceMs, () => silent(live, silenceMs))
    live.cancelLook = cancel
    live.session.ping(() => {
      cancel()
      if (live.calls > 0 && !live.session.isDestroyed) this.#lookLater(live)
    })
  }
}

const silent = (live: Live, silenceMs: number): void => discard(live, new Error(`the other side has been silent for ${silenceMs} ms`))

/** Others need not wait as long for what may be gone: they take another connection, and what is under way goes on. */
function giveUp(live: Live): void {
  if (live.isConnected) retire(live)
  else discard(live)
}

/** Throws `GrpcError`, and what a reader throws of what is no message. */
function answerIn<A>(frames: FrameReader, method: Method<never, A>): A {
  const message = frames.take()
  if (message === undefined) throw new GrpcError(INTERNAL, 'the answer has no message')
  return method.read(message)
}

interface PieceListener {
  onPiece(piece: Buffer): void
  /** Absent when all went well. */
  onEnd(error: GrpcError | undefined): void
}

/** One call on its way: it ends once, with the last headers, with the connection, or by us. */
class Call {
  /** Once it has set out. */
  live: Live | undefined
  readonly #listener: PieceListener
  #stream: Stream | undefined
  isOver = false
  #last: Headers | undefined

  constructor(listener: PieceListener) {
    this.#listener = listener
  }

  follow(live: Live, stream: Stream): void {
    this.live = live
    this.#stream = stream
  }

  onHeaders(headers: Headers): void {
    if (this.isOver) return
    // One that is refused at once has no body, and its first headers are the last.
    if (headers['grpc-status'] === undefined && headers[':status'] === '200') return
    this.#last = headers
    const error = errorOf(headers)
    if (error) this.end(error)
  }

  onData(piece: Buffer): void {
    if (this.isOver) return
    try {
      this.#listener.onPiece(piece)
    } catch (error) {
      this.end(unreadable(error))
    }
  }

  onEnd(end: StreamEnd): void {
    if (!this.isOver) this.end(this.#last ? errorOf(this.#last) : cutOff(this.live as Live, end))
  }

  send(frame: Buffer, isLast: boolean): void {
    if (this.isOver || this.#stream === undefined) return
    this.live?.session.send(this.#stream, frame, isLast)
  }

  end(error: GrpcError | undefined): void {
    if (this.isOver) return
    this.isOver = true
    if (this.#stream && error) this.live?.session.cancel(this.#stream)
    this.#listener.onEnd(error)
    if (this.live) leave(this.live)
  }
}

function cutOff(live: Live, end: StreamEnd): GrpcError {
  if (end.kind === 'unseen' || (end.kind === 'reset' && end.code === REFUSED_STREAM)) return neverSent('the other side takes no calls')
  return broken(live, new Error(end.kind === 'reset' ? `the other side broke the call off (HTTP/2 code ${end.code})` : 'the call was cut off'))
}
