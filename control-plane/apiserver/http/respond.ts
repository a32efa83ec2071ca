import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, gzip } from 'node:zlib'
import { promisify } from 'node:util'
import type { Clock } from '../../../shared/kit/clock.ts'
import type { ApiResponse } from '../request.ts'

const compress = promisify(gzip)

/** Smaller bodies are not worth the work; Kubernetes' threshold. */
const GZIP_FROM_BYTES = 128 * 1024

/** A client that takes nothing for this long is cut off: its events wait in a bounded buffer and would be lost anyway. */
const STALLED_MS = 30_000

type BodyResponse = Extract<ApiResponse, { kind: 'body' }>
type StreamResponse = Extract<ApiResponse, { kind: 'stream' }>

/** Headers that every answer carries. */
function writeCommonHeaders(response: ServerResponse, answer: BodyResponse | StreamResponse): void {
  response.statusCode = answer.status
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value)
  if (!response.hasHeader('cache-control')) response.setHeader('cache-control', 'no-cache, private')
  const warnings = warningHeaders(answer.warnings ?? [])
  if (warnings.length > 0) response.setHeader('warning', warnings)
}

const MAX_WARNINGS_LENGTH = 4096
const SHORTENED_LENGTH = 256

/** RFC 7234 warning values. Repeats are dropped; when all are too long together, each is shortened. */
export function warningHeaders(warnings: readonly string[]): string[] {
  const unique = [...new Set(warnings)]
  const total = unique.reduce((sum, text) => sum + text.length, 0)
  const texts = total > MAX_WARNINGS_LENGTH ? unique.map((text) => text.slice(0, SHORTENED_LENGTH)).slice(0, MAX_WARNINGS_LENGTH / SHORTENED_LENGTH) : unique
  return texts.map((text) => `299 - "${asHeaderText(text)}"`)
}

/** Quotes and backslashes escaped, line ends as blanks; UTF-8 bytes go over the wire as they are. */
const asHeaderText = (text: string): string => Buffer.from(text.replace(/[\u0000-\u001f\u007f]/g, ' ').replace(/[\\"]/g, '\\$&'), 'utf8').toString('latin1')

/** Sends a whole answer. */
export async function sendBody(incoming: IncomingMessage, response: ServerResponse, answer: BodyResponse): Promise<void> {
  if (typeof answer.body === 'string' && answer.body.length < SHORT_LENGTH) return sendShort(incoming, response, answer)
  const plain = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
  const packed = isWorthPacking(incoming, answer, plain) ? await compress(plain, { level: constants.Z_BEST_SPEED }) : undefined
  if (response.destroyed) return
  writeCommonHeaders(response, answer)
  if (packed) {
    response.setHeader('content-encoding', 'gzip')
    response.appendHeader('vary', 'Accept-Encoding')
  }
  endWith(incoming, response, packed ?? plain)
}

/** A short text leaves in one piece with its head. */
const SHORT_LENGTH = 16 * 1024

function sendShort(incoming: IncomingMessage, response: ServerResponse, answer: BodyResponse): void {
  if (response.destroyed) return
  writeCommonHeaders(response, answer)
  endWith(incoming, response, answer.body)
}

function endWith(incoming: IncomingMessage, response: ServerResponse, body: string | Uint8Array): void {
  const silent = response.statusCode === 304 || response.statusCode === 204
  if (!silent) response.setHeader('content-length', Buffer.byteLength(body))
  response.end(incoming.method === 'HEAD' || silent ? undefined : body)
}

const isWorthPacking = (incoming: IncomingMessage, answer: BodyResponse, body: Uint8Array): boolean =>
  incoming.method === 'GET' && answer.status === 200 && body.length > GZIP_FROM_BYTES && answer.headers['content-encoding'] === undefined && /\bgzip\b/.test(incoming.headers['accept-encoding']?.toString() ?? '')

export interface StreamSending {
  readonly clock: Clock
  /** Aborts when the server shuts down: the stream then ends cleanly. */
  readonly stopping: AbortSignal
  /** Tells the stream's source to end. */
  endSource(): void
}

/** Sends chunks as they come, never faster than the client takes them. */
export async function sendStream(response: ServerResponse, answer: StreamResponse, sending: StreamSending): Promise<void> {
  writeCommonHeaders(response, answer)
  response.flushHeaders()
  const end = (): void => {
    if (answer.interrupted === undefined) response.end()
    else {
      response.write(answer.interrupted)
      void flushed(response, sending.clock).then(() => response.destroy())
    }
    sending.endSource()
  }
  sending.stopping.addEventListener('abort', end, { once: true })
  try {
    for await (const chunk of answer.chunks) {
      if (response.writableEnded || response.destroyed) break
      if (!response.write(chunk)) await drained(response, sending.clock)
    }
    if (!sending.stopping.aborted) response.end()
  } catch (error) {
    if (sending.stopping.aborted) return
    // Half a stream cannot turn into an error answer; a broken connection tells the client, after all that was said before.
    await flushed(response, sending.clock)
    response.destroy()
    throw error
  } finally {
    sending.stopping.removeEventListener('abort', end)
  }
}

/** Resolves when more may be written, or when the client is gone or has been cut. */
function drained(response: ServerResponse, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(STALLED_MS, () => response.destroy())
    const done = (): void => {
      cancel()
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
    if (response.destroyed) done()
  })
}

const FLUSH_MS = 1_000

/** Resolves when the connection has taken what was written, is gone, or takes too long. */
function flushed(response: ServerResponse, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const { socket } = response
    if (!socket || socket.destroyed) return resolve()
    const cancel = clock.after(FLUSH_MS, resolve)
    const done = (): void => {
      cancel()
      socket.off('close', done)
      resolve()
    }
    socket.on('close', done)
    // What was written in this turn reaches the socket at its end; this is taken after all that.
    setImmediate(() => (socket.writable ? void socket.write('', done) : done()))
  })
}
