/**
 * The command's own HTTP/1.1 client: what `RestClient` promises, over kept connections. Node's takes 10 ms to load, a sixth of what
 * a `get` may take; an API server's answers need little of it.
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import type { RestAnswer, RestClient, RestOptions, RestRequest, RestStream } from '../../shared/kit/rest-client.ts'
import { Body } from './body.ts'
import { ResponseReader, type Head } from './response.ts'
import { CancelledMidway, Unanswered } from './unanswered.ts'
import { sendUpload, type Upload } from './upload.ts'

/** An idle connection whose other side is gone, perhaps with its machine, is noticed after this and some seconds: a watch would wait for ever. */
const KEEP_ALIVE_MS = 1_000

/** A request whose body may be long. */
export interface WireRequest extends RestRequest {
  /** In place of `body`. */
  readonly upload?: Upload | undefined
}

export interface WireClient extends RestClient {
  stream(request: WireRequest): Promise<RestStream>
}

export interface WireOptions extends RestOptions {
  /** How long a new connection may take; absent: as long as the system gives. */
  readonly connectTimeoutMs?: (() => number | undefined) | undefined
}

export function createWireClient(options: WireOptions): WireClient {
  const idle: Socket[] = []
  const all = new Set<Socket>()
  const connect = connector(options)
  const unreachable = (cause: Error): Fault => new Fault('unavailable', `${options.server} cannot be reached: ${cause.message || (cause as NodeJS.ErrnoException).code}`, { cause })

  async function connection(signal: AbortSignal | undefined): Promise<{ readonly socket: Socket; readonly kept: boolean }> {
    const kept = idle.pop()
    if (kept) return { socket: kept, kept: true }
    const socket = await connect(signal).catch((cause: Error) => Promise.reject(signal?.aborted ? cancelled(signal) : unreachable(cause)))
    all.add(socket)
    // Between two requests nobody listens; an error then is an end.
    socket.on('error', () => {})
    socket.once('close', () => {
      all.delete(socket)
      const at = idle.indexOf(socket)
      if (at >= 0) idle.splice(at, 1)
    })
    return { socket, kept: false }
  }

  async function stream(request: WireRequest): Promise<RestStream> {
    for (;;) {
      if (request.signal?.aborted) throw cancelled(request.signal)
      const { socket, kept } = await connection(request.signal)
      try {
        return await exchange(socket, { request, options, release: () => void idle.push(socket) })
      } catch (error) {
        // A kept connection may have been closed while nobody looked; what changes nothing may be asked again.
        if (kept && error instanceof ClosedBefore && (request.method ?? 'GET') === 'GET') continue
        if (request.signal?.aborted) throw new CancelledMidway({ cause: request.signal.reason })
        throw error instanceof Fault ? error : new Unanswered(`${options.server} broke off before it answered${error instanceof ClosedBefore ? '' : `: ${messageOf(error)}`}`, { cause: error })
      }
    }
  }

  return {
    stream,
    async request(request): Promise<RestAnswer> {
      const { status, headers, chunks } = await stream(request)
      const parts: Buffer[] = []
      for await (const part of chunks) parts.push(part)
      return { status, headers, text: Buffer.concat(parts).toString() }
    },
    [Symbol.dispose]: () => {
      for (const socket of all) socket.destroy()
    },
  }
}

/** The cause is the signal's reason: a `TimeoutError` when time ran out. */
const cancelled = (signal: AbortSignal): Fault => new Fault('cancelled', 'cancelled', { cause: signal.reason })

/** The connection ended before an answer began. */
class ClosedBefore extends Error {
  override readonly message = 'the connection was closed before an answer came'
}

/** Opens a connection, encrypted if the server's address says so. */
function connector({ server, ca, cert, key, serverName, insecureSkipVerify, connectTimeoutMs }: WireOptions): (signal: AbortSignal | undefined) => Promise<Socket> {
  const { protocol, hostname, port } = new URL(server)
  const secure = protocol === 'https:'
  const host = hostname.replace(/^\[|\]$/g, '')
  const at = { host, port: port === '' ? (secure ? 443 : 80) : Number(port) }
  return (signal) =>
    new Promise((resolve, reject) => {
      const named = serverName ?? (/^[\d.]+$|:/.test(host) ? undefined : host)
      const socket: Socket | TLSSocket = secure
        ? process.getBuiltinModule('node:tls').connect({ ...at, ca, cert, key, ALPNProtocols: ['http/1.1'], ...(named === undefined ? {} : { servername: named }), rejectUnauthorized: !insecureSkipVerify })
        : process.getBuiltinModule('node:net').connect(at)
      const limitMs = connectTimeoutMs?.()
      const late = limitMs === undefined ? undefined : setTimeout(() => abandon(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' })), limitMs)
      const onAbort = (): void => abandon(signal?.reason as Error)
      const settled = (): void => {
        clearTimeout(late)
        signal?.removeEventListener('abort', onAbort)
        socket.off('error', fail)
      }
      const fail = (error: Error): void => {
        settled()
        reject(error)
      }
      const abandon = (error: Error): void => {
        fail(error)
        socket.on('error', () => {}).destroy()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
      socket.once('error', fail)
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        settled()
        resolve(socket)
      })
    })
}

function requestBytes({ method = 'GET', path, headers = {}, body, upload }: WireRequest, { server, userAgent, bearerToken }: RestOptions): string {
  const { host, pathname } = new URL(server)
  const all: Readonly<Record<string, string>> = {
    host,
    accept: 'application/json',
    'user-agent': userAgent ?? 'gantry',
    ...(bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` }),
    ...(upload === undefined ? {} : { 'content-type': 'application/octet-stream', 'content-length': String(upload.sizeBytes) }),
    ...(upload !== undefined ? {} : body === undefined ? (method === 'GET' || method === 'DELETE' ? {} : { 'content-length': '0' }) : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => {
    // A line break would begin another header.
    if (/[\r\n\0]/.test(value)) throw new Fault('invalid', `the value of ${name} has a line break in it`)
    return `${name}: ${value}\r\n`
  })
  return `${method} ${pathname.replace(/\/$/, '')}${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`
}

interface Exchange {
  readonly request: WireRequest
  readonly options: RestOptions
  /** The answer is over and the connection can be used again. */
  readonly release: () => void
}

/** One request and its answer; resolves with the answer's head. */
function exchange(socket: Socket, { request, options, release }: Exchange): Promise<RestStream> {
  const bytes = requestBytes(request, options)
  return new Promise((resolve, reject) => {
    let head: Head | undefined
    const body = new Body({ pause: () => socket.pause(), resume: () => socket.resume(), abandon: () => socket.destroy() })
    const leave = (): void => {
      socket.off('data', onData).off('error', onError).off('close', onClose)
      request.signal?.removeEventListener('abort', onAbort)
    }
    const fail = (error: Error): void => {
      leave()
      socket.on('error', () => {}).destroy()
      if (head) body.fail(error)
      else reject(error)
    }
    const reader = new ResponseReader({
      head(found) {
        head = found
        resolve({ ...found, chunks: body })
      },
      chunk: (chunk) => body.push(chunk),
      end(keep) {
        leave()
        if (keep) release()
        else socket.destroy()
        body.end()
      },
    })
    const onData = (chunk: Buffer): void => {
      try {
        reader.feed(chunk)
      } catch (error) {
        fail(new Unanswered(`${options.server} gave no answer that can be read: ${(error as Error).message}`, { cause: error }))
      }
    }
    const onError = (error: Error): void => fail(head ? new Unanswered(`${options.server} broke off its answer`, { cause: error }) : (error as NodeJS.ErrnoException).code === 'ECONNRESET' || (error as NodeJS.ErrnoException).code === 'EPIPE' ? new ClosedBefore() : error)
    const onClose = (): void => {
      if (!reader.close()) fail(head ? new Unanswered(`${options.server} broke off its answer`) : new ClosedBefore())
    }
    const onAbort = (): void => fail(new CancelledMidway({ cause: request.signal?.reason }))
    socket.on('data', onData).on('error', onError).on('close', onClose)
    request.signal?.addEventListener('abort', onAbort, { once: true })
    socket.resume()
    socket.write(bytes)
    if (request.upload) sendUpload(socket, request.upload, () => head !== undefined).catch((error: unknown) => onError(error instanceof Error ? error : new Error(String(error))))
  })
}
