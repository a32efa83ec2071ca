/**
 * Calls over one HTTP/2 connection to one server, which is made at the first call and again at the first one after it broke. What is asked once and what goes on (watches) share
 * it: what the server has to say about both comes in together.
 */
import { constants, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2'
import type { Clock } from '../../../shared/kit/clock.ts'
import { FrameReader, frameOf } from './frames.ts'
import { CANCELLED, DEADLINE_EXCEEDED, errorOf, GrpcError, INTERNAL, UNAVAILABLE, unreadable } from './grpc-error.ts'
import { broken, discard, leave, neverSent, openLive, retire, takesCalls, type Live, type Peer } from './live.ts'
import type { MessageReader } from './message-reader.ts'
import type { MessageWriter } from './message-writer.ts'
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
      try {
        call.follow(live, live.session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...(timeoutMs !== undefined && { 'grpc-timeout': `${Math.ceil(timeoutMs)}m` }) }))
        this.#count(live)
      } catch (error) {
        call.end(broken(live, error))
      }
    }
    return call
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
    const live = openLive(this.#options)
    this.#all.add(live)
    live.session.once('connect', () => {
      if (live.isConnected && live.calls > 0) this.#lookLater(live)
    })
    live.session.on('close', () => this.#all.delete(live))
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
    if (live.session.destroyed) return
    const { clock, silenceMs } = this.#options
    const cancel = clock.after(silenceMs, () => silent(live, silenceMs))
    live.cancelLook = cancel
    live.session.ping(() => {
      cancel()
      if (live.calls > 0 && !live.session.destroyed) this.#lookLater(live)
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
  #stream: ClientHttp2Stream | undefined
  isOver = false
  #last: IncomingHttpHeaders | undefined
  #hasEnded = false

  constructor(listener: PieceListener) {
    this.#listener = listener
  }

  follow(live: Live, stream: ClientHttp2Stream): void {
    this.live = live
    this.#stream = stream
    stream.on('response', (headers) => {
      // One that is refused at once has no body, and its first headers are the last.
      if (headers['grpc-status'] !== undefined || headers[':status'] !== 200) this.#settle(headers)
    })
    stream.on('trailers', (headers) => this.#settle(headers))
    stream.on('data', (piece: Buffer) => {
      if (!this.isOver) this.#take(piece)
    })
    stream.on('end', () => {
      this.#hasEnded = true
      if (this.#last) this.end(errorOf(this.#last))
    })
    stream.on('error', (error) => this.end(failed(live, stream, error)))
    stream.on('close', () => this.end(this.#last ? errorOf(this.#last) : failed(live, stream, new Error('the call was cut off'))))
  }

  send(frame: Buffer, isLast: boolean): void {
    if (this.isOver) return
    if (isLast) this.#stream?.end(frame)
    else this.#stream?.write(frame)
  }

  end(error: GrpcError | undefined): void {
    if (this.isOver) return
    this.isOver = true
    if (this.#stream?.closed === false && error) this.#stream.close(constants.NGHTTP2_CANCEL)
    this.#listener.onEnd(error)
    if (this.live) leave(this.live)
  }

  /** What is in order comes before the last headers; the stream's end may come after them. */
  #settle(headers: IncomingHttpHeaders): void {
    this.#last = headers
    if (this.#hasEnded || errorOf(headers)) this.end(errorOf(headers))
  }

  #take(piece: Buffer): void {
    try {
      this.#listener.onPiece(piece)
    } catch (error) {
      this.end(unreadable(error))
    }
  }
}

function failed(live: Live, stream: ClientHttp2Stream, error: Error): GrpcError {
  if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) return new GrpcError(UNAVAILABLE, 'No connection established. The other side takes no calls', { isNeverSent: true })
  if ('code' in error && error.code === 'ERR_HTTP2_OUT_OF_STREAMS') {
    live.isRetired = true
    return neverSent(error.message, error)
  }
  return broken(live, error)
}
