/** Whole answers on their way to the client. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, gzip } from 'node:zlib'
import { promisify } from 'node:util'
import type { Clock } from '../../../shared/kit/clock.ts'
import type { BodyResponse } from '../request.ts'
import { drained, warningHeaders } from './respond.ts'

const compress = promisify(gzip)

/** Smaller bodies are not worth the work; Kubernetes' threshold. */
const GZIP_FROM_BYTES = 128 * 1024

/** A client that has not taken a piece of a list within this time is cut off. */
const STALLED_MS = 300_000

export interface BodySending {
  readonly answer: BodyResponse
  /** What the client may call this request by. */
  readonly audit: string
  readonly clock: Clock
}

/** Sends a whole answer. */
export async function sendBody(incoming: IncomingMessage, response: ServerResponse, { answer, audit, clock }: BodySending): Promise<void> {
  const body = answer.pieces ? undefined : bytesOf(answer.body)
  const length = answer.pieces ? answer.pieces.reduce((sum, piece) => sum + piece.length, 0) : Buffer.byteLength(body ?? '')
  if (isWorthPacking(incoming, answer, length)) return sendPacked(response, answer, audit)
  if (response.destroyed) return
  const silent = answer.status === 304 || answer.status === 204
  writeHead(response, answer, ['audit-id', audit, ...(silent ? [] : ['content-length', String(length)])])
  if (silent || incoming.method === 'HEAD') response.end()
  else if (answer.pieces) await sendPieces(response, answer.pieces, clock)
  else response.end(body)
}

/** A shorter text leaves in one piece with its head; a longer one would be copied once more for that. */
const SHORT_LENGTH = 16 * 1024

const bytesOf = (body: string | Uint8Array): string | Uint8Array => (typeof body === 'string' && body.length >= SHORT_LENGTH ? Buffer.from(body) : body)

const isWorthPacking = (incoming: IncomingMessage, answer: BodyResponse, length: number): boolean =>
  incoming.method === 'GET' && answer.status === 200 && length > GZIP_FROM_BYTES && answer.headers['content-encoding'] === undefined && /\bgzip\b/.test(incoming.headers['accept-encoding']?.toString() ?? '')

async function sendPacked(response: ServerResponse, answer: BodyResponse, audit: string): Promise<void> {
  const packed = await compress(answer.body, { level: constants.Z_BEST_SPEED })
  if (response.destroyed) return
  writeHead(response, answer, ['audit-id', audit, 'content-encoding', 'gzip', 'vary', 'Accept-Encoding', 'content-length', String(packed.length)])
  response.end(packed)
}

/** @param more further headers, each name followed by its value. */
function writeHead(response: ServerResponse, { status, headers, warnings = [] }: BodyResponse, more: readonly string[]): void {
  const lines: Array<string | string[]> = []
  for (const name in headers) lines.push(name, headers[name] ?? '')
  if (headers['cache-control'] === undefined) lines.push('cache-control', 'no-cache, private')
  if (warnings.length > 0) lines.push('warning', warningHeaders(warnings))
  lines.push(...more)
  // Headers that come with the head are written as they are, which setting each before costs more than.
  response.writeHead(status, lines as string[])
}

/**
 * One after the other, never faster than the client takes them: what the connection holds stays small. Each is written in a turn of its own, the short first one
 * with the head: what is written in one turn would be copied into one before it is encrypted.
 */
async function sendPieces(response: ServerResponse, pieces: readonly Uint8Array[], clock: Clock): Promise<void> {
  for (const [index, piece] of pieces.entries()) {
    if (response.destroyed) return
    if (index === pieces.length - 1) response.end(piece)
    else if (!response.write(piece) && index > 0) await drained(response, { clock, stalledMs: STALLED_MS })
    else await turn()
  }
}

/** Resolves when what has been written in this turn is on its way. */
const turn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))
