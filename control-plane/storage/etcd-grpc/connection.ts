/**
 * Calls over one HTTP/2 connection to one server, which is made at the first call and again at the first one after it broke. What is asked once and what goes on (watches) share
 * it: what the server has to say about both comes in together.
 */
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders, type SecureClientSessionOptions } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import type { Clock } from '../../../shared/kit/clock.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import { FrameReader, frameOf } from './frames.ts'
import { CANCELLED, DEADLINE_EXCEEDED, errorOf, GrpcError, INTERNAL, UNAVAILABLE } from './grpc-error.ts'
import type { MessageReader } from './message-reader.ts'
import type { MessageWriter } from './message-writer.ts'
import type { Method } from './messages.ts'

export interface ConnectionOptions {
  /** `http://127.0.0.1:2379`, `https://…`, `127.0.0.1:2379` or `unix:/run/etcd.sock`. */
  readonly endpoint: string
  readonly tls?: Pick<SecureClientSessionOptions, 'ca' | 'cert' | 'key' | 'servername'> | undefined
  readonly clock: Clock
  /** After so long without an answer to a ping the connection counts as broken. */
  readonly silenceMs: number
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
/** What the other side may send ahead of us: a long list comes without waiting. */
const WINDOW_BYTES = 8 * 1024 * 1024

interface Live {
  readonly session: ClientHttp2Session
  isConnected: boolean
  failure: Error | undefined
  /** Calls under way. */
  calls: number
  /** Of the next look whether the other side is still there. */
  cancelLook: () => void
}

export class GrpcConnection {
  readonly #options: ConnectionOptions
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
          const message = frames.take()
          if (message === undefined) reject(new GrpcError(INTERNAL, 'the answer has no message'))
          else resolve(method.read(message))
        },
      })
      if (stream.isOver) return
      cancelTimer = this.#options.clock.after(timeoutMs, () => {
        stream.end(new GrpcError(DEADLINE_EXCEEDED, `no answer within ${timeoutMs} ms`))
        // Others need not wait as long for what may be gone: they take another connection, and what is under way goes on.
        this.#retire(stream.live)
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
    this.#live?.session.destroy()
    this.#live = undefined
  }

  #open(path: string, timeoutMs: number | undefined, listener: PieceListener): Call {
    const live = this.#connected()
    const call = new Call(live, listener)
    if (this.#isClosed) call.end(new GrpcError(CANCELLED, 'the connection is closed'))
    else {
      try {
        call.follow(live.session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...(timeoutMs !== undefined && { 'grpc-timeout': `${Math.ceil(timeoutMs)}m` }) }))
        if (live.calls++ === 0) this.#lookLater(live)
      } catch (error) {
        call.end(broken(live, error))
      }
    }
    return call
  }

  #connected(): Live {
    const known = this.#live
    if (known && !known.session.closed && !known.session.destroyed) return known
    const session = openSession(this.#options)
    const live: Live = { session, isConnected: false, failure: undefined, calls: 0, cancelLook: () => {} }
    session.once('connect', () => {
      // It may be told of when it has been given up already.
      if (session.destroyed) return
      live.isConnected = true
      session.setLocalWindowSize(2 * WINDOW_BYTES)
      this.#lookLater(live)
    })
    session.on('error', (error) => (live.failure = error))
    session.on('goaway', () => this.#retire(live))
    session.on('close', () => live.cancelLook())
    this.#live = live
    return live
  }

  /** No new calls; it ends with the last of those under way. */
  #retire(live: Live): void {
    if (this.#live === live) this.#live = undefined
    if (!live.session.destroyed && live.isConnected) live.session.close()
    else live.session.destroy()
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

const silent = ({ session }: Live, silenceMs: number): void => session.destroy(new Error(`the other side has been silent for ${silenceMs} ms`))

function openSession({ endpoint, tls }: ConnectionOptions): ClientHttp2Session {
  const settings = { enablePush: false, initialWindowSize: WINDOW_BYTES }
  if (endpoint.startsWith('unix:')) return connect('http://localhost', { settings, createConnection: () => connectSocket(endpoint.slice('unix:'.length)) })
  return connect(/^https?:\/\//.test(endpoint) ? endpoint : `${tls ? 'https' : 'http'}://${endpoint}`, { settings, ...tls })
}

/** Whoever never got through may try again, there or elsewhere. */
function broken({ isConnected, failure }: Live, error: unknown): GrpcError {
  const cause = failure ?? (error instanceof Error ? (error.cause ?? error) : error)
  return isConnected ? new GrpcError(UNAVAILABLE, messageOf(cause), { cause }) : new GrpcError(UNAVAILABLE, `No connection established. Last error: ${messageOf(cause)}`, { cause, isNeverSent: true })
}

interface PieceListener {
  onPiece(piece: Buffer): void
  /** Absent when all went well. */
  onEnd(error: GrpcError | undefined): void
}

/** One call on its way: it ends once, with the last headers, with the connection, or by us. */
class Call {
  readonly live: Live
  readonly #listener: PieceListener
  #stream: ClientHttp2Stream | undefined
  isOver = false
  #last: IncomingHttpHeaders | undefined
  #hasEnded = false

  constructor(live: Live, listener: PieceListener) {
    this.live = live
    this.#listener = listener
  }

  follow(stream: ClientHttp2Stream): void {
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
    stream.on('error', (error) => this.end(this.#failed(stream, error)))
    stream.on('close', () => {
      if (--this.live.calls === 0) this.live.cancelLook()
      this.end(this.#last ? errorOf(this.#last) : this.#failed(stream, new Error('the call was cut off')))
    })
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
      this.end(error instanceof GrpcError ? error : new GrpcError(INTERNAL, messageOf(error), { cause: error }))
    }
  }

  #failed(stream: ClientHttp2Stream, error: Error): GrpcError {
    if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) return new GrpcError(UNAVAILABLE, 'No connection established. The other side takes no calls', { isNeverSent: true })
    return broken(this.live, error)
  }
}
