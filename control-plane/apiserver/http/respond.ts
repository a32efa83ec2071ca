/** Answers that go on, and what all answers share. */
import type { ServerResponse } from 'node:http'
import type { Clock } from '../../../shared/kit/clock.ts'
import { MAX_SHORTENED, MAX_WARNINGS_LENGTH, SHORTENED_LENGTH } from '../../../shared/model/warning-limits.ts'
import type { ApiResponse } from '../request.ts'
import { writeChunk } from './chunks.ts'

/** A client that takes nothing for this long is cut off: its events wait in a bounded buffer and would be lost anyway. */
const STALLED_MS = 30_000

type StreamResponse = Extract<ApiResponse, { kind: 'stream' }>

/** Headers that every answer carries that goes on. */
function writeCommonHeaders(response: ServerResponse, answer: StreamResponse): void {
  response.statusCode = answer.status
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value)
  if (!response.hasHeader('cache-control')) response.setHeader('cache-control', 'no-cache, private')
  const warnings = warningHeaders(answer.warnings ?? [])
  if (warnings.length > 0) response.setHeader('warning', warnings)
}

/** RFC 7234 warning values. Repeats are dropped; when all are too long together, each is shortened. */
export function warningHeaders(warnings: readonly string[]): string[] {
  const unique = [...new Set(warnings)]
  const total = unique.reduce((sum, text) => sum + text.length, 0)
  const texts = total > MAX_WARNINGS_LENGTH ? unique.slice(0, MAX_SHORTENED).map((text) => text.slice(0, SHORTENED_LENGTH)) : unique
  return texts.map((text) => `299 - "${asHeaderText(text)}"`)
}

/** Quotes and backslashes escaped, line ends as blanks; UTF-8 bytes go over the wire as they are. */
const asHeaderText = (text: string): string => Buffer.from(text.replace(/[\u0000-\u001f\u007f]/g, ' ').replace(/[\\"]/g, '\\$&'), 'utf8').toString('latin1')

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
      if (!writeChunk(response, chunk)) await drained(response, { clock: sending.clock, stalledMs: STALLED_MS })
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
export function drained(response: ServerResponse, { clock, stalledMs }: { readonly clock: Clock; readonly stalledMs: number }): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(stalledMs, () => response.destroy())
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
