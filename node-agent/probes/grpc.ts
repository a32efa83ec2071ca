import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2'
import { goDuration } from '../pods/restart.ts'
import { checkRequest, checkResult, decodeMessage, HEALTH_CHECK_PATH, type GrpcEnd } from './grpc-message.ts'
import type { GrpcTarget, ProbeLimits } from './port.ts'
import type { ProbeResult } from './threshold.ts'

const AGENT = 'kube-probe/1.36'
/** An answer holds one small number. */
const MOST_BODY_BYTES = 64 * 1024
const CANCELED = 1
const UNAVAILABLE = 14

/** One call of the health service on a connection of its own, in the clear, which is gone afterwards. */
export async function probeGrpc({ host, port, service }: GrpcTarget, limits: ProbeLimits): Promise<ProbeResult> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return checkResult(await call(address, service, limits), goDuration(limits.timeoutMs))
}

function call(address: string, service: string, { timeoutMs, signal }: ProbeLimits): Promise<GrpcEnd> {
  return new Promise((resolve) => {
    const session = connect(`http://${address}`, { settings: { enablePush: false } })
    let isConnected = false
    const done = (end: GrpcEnd): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      resolve(end)
      session.destroy()
    }
    const lost = (message: string): void => done(isConnected ? { kind: 'broken', code: UNAVAILABLE, message } : { kind: 'not-connected', address })
    const aborted = (): void => done({ kind: 'broken', code: CANCELED, message: 'context canceled' })
    const timer = setTimeout(() => done(isConnected ? { kind: 'timed-out' } : { kind: 'not-connected', address }), timeoutMs)
    signal.addEventListener('abort', aborted, { once: true })
    session.once('remoteSettings', () => {
      isConnected = true
      ask(session, { address, service, timeoutMs }, { done, lost })
    })
    session.on('error', (error) => lost(error.message))
    session.once('close', () => lost('the connection was closed'))
  })
}

interface Question {
  readonly address: string
  readonly service: string
  readonly timeoutMs: number
}

interface Ends {
  readonly done: (end: GrpcEnd) => void
  readonly lost: (message: string) => void
}

function ask(session: ClientHttp2Session, { address, service, timeoutMs }: Question, { done, lost }: Ends): void {
  const stream: ClientHttp2Stream = session.request({ ':method': 'POST', ':scheme': 'http', ':path': HEALTH_CHECK_PATH, ':authority': address, 'content-type': 'application/grpc', te: 'trailers', 'user-agent': AGENT, 'grpc-timeout': `${timeoutMs}m` })
  const chunks: Buffer[] = []
  let size = 0
  let head: IncomingHttpHeaders = {}
  let tail: IncomingHttpHeaders = {}
  const text = (name: string): string | undefined => [tail[name], head[name]].flat().find((value) => value !== undefined)
  stream.once('response', (headers) => void (head = headers))
  stream.once('trailers', (headers) => void (tail = headers))
  stream.on('data', (bytes: Buffer) => {
    size += bytes.byteLength
    if (size <= MOST_BODY_BYTES) chunks.push(bytes)
    else lost(`the answer is longer than ${MOST_BODY_BYTES} bytes`)
  })
  stream.once('error', (error) => lost(error.message))
  stream.once('close', () => {
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) return lost(`stream terminated by RST_STREAM with error code: ${stream.rstCode}`)
    done({ kind: 'answered', httpStatus: Number(head[':status'] ?? 0), grpcStatus: text('grpc-status'), grpcMessage: decodeMessage(text('grpc-message') ?? ''), body: Buffer.concat(chunks) })
  })
  stream.end(checkRequest(service))
}
