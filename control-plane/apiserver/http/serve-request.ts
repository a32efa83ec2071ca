/** One ordinary request from its first byte to the last of its answer. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { newUid } from '../../../shared/kit/ids.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import { ApiError } from '../../../shared/kit/api-error.ts'
import type { Clock } from '../../../shared/kit/clock.ts'
import type { Log } from '../../../shared/kit/log.ts'
import type { Random } from '../../../shared/kit/random.ts'
import type { Authenticate } from '../authn/authn.ts'
import type { ApiRequest, ApiResponse, Handle } from '../request.ts'
import { asApiError, badRequest, unauthorized } from '../status.ts'
import { refusal } from './answers.ts'
import { peerCertificate } from './peer-certificate.ts'
import { parseTarget, readRequest } from './read-request.ts'
import type { RequestMetrics } from './request-metrics.ts'
import { sendStream, type StreamSending } from './respond.ts'
import { sendBody } from './send-body.ts'

export interface ServeContext {
  readonly handle: Handle
  readonly authenticate: Authenticate
  readonly log: Log
  readonly clock: Clock
  readonly random: Random
  readonly metrics: RequestMetrics
  /** Aborts when the server shuts down. */
  readonly stopping: AbortSignal
}

/** Answers a request that is no upgrade. Never rejects. */
export async function serveRequest(incoming: IncomingMessage, response: ServerResponse, context: ServeContext): Promise<void> {
  const startMs = context.clock.monotonicMs()
  const gone = new AbortController()
  const abort = (): void => gone.abort(new Error('the client has gone away'))
  response.on('close', () => {
    if (!response.writableFinished) abort()
  })
  const audit = auditId(incoming, context.random)
  let request: ApiRequest | undefined
  try {
    const answered = await answerTo(incoming, gone.signal, context)
    request = answered.request
    const { answer } = answered
    if (incoming.complete === false && answer.kind !== 'proxy') response.setHeader('connection', 'close')
    await send(incoming, response, { answer, audit, sending: { clock: context.clock, stopping: context.stopping, endSource: abort }, signal: gone.signal })
  } catch (error) {
    if (!gone.signal.aborted) context.log.warn({ err: messageOf(error), path: incoming.url }, 'an answer broke off')
    response.destroy()
  } finally {
    context.metrics.observe({ incoming, request, code: response.statusCode, seconds: (context.clock.monotonicMs() - startMs) / 1000 })
  }
}

const MAX_AUDIT_ID_LENGTH = 64

/** The client's own id if it sent one, so that a request can be followed through proxies. */
export function auditId(incoming: IncomingMessage, random: Random): string {
  const own = incoming.headers['audit-id']
  return typeof own === 'string' && own !== '' && own.length <= MAX_AUDIT_ID_LENGTH ? own : newUid(random)
}

export interface Answered {
  readonly answer: ApiResponse
  /** Absent when it was refused before it was read. */
  readonly request: ApiRequest | undefined
}

/** Authenticates, reads and hands to the core; whatever is thrown becomes a Status. */
export async function answerTo(incoming: IncomingMessage, signal: AbortSignal, context: ServeContext): Promise<Answered> {
  let request: ApiRequest | undefined
  try {
    const who = await context.authenticate({ certificate: peerCertificate(incoming.socket), authorization: incoming.headers.authorization })
    if (who.kind === 'refused') {
      context.log.info({ reason: who.reason, from: incoming.socket.remoteAddress }, 'credentials refused')
      return { answer: refusal(unauthorized(), incoming), request }
    }
    request = await readRequest(incoming, { user: who.user, signal })
    return { answer: await context.handle(request), request }
  } catch (error) {
    if (!(error instanceof ApiError) && !signal.aborted && !incoming.readableAborted) context.log.error({ err: error instanceof Error ? error.stack : messageOf(error), path: incoming.url }, 'a request failed by a mistake of ours')
    return { answer: refusal(asApiError(error), incoming), request }
  }
}

interface Sending {
  readonly answer: ApiResponse
  /** What the client may call this request by. */
  readonly audit: string
  readonly signal: AbortSignal
  readonly sending: StreamSending
}

async function send(incoming: IncomingMessage, response: ServerResponse, { answer, audit, sending, signal }: Sending): Promise<void> {
  if (answer.kind === 'body') return sendBody(incoming, response, { answer, audit, clock: sending.clock })
  response.setHeader('audit-id', audit)
  switch (answer.kind) {
    case 'stream':
      return sendStream(response, answer, sending)
    case 'proxy': {
      const { serveProxy } = await import('../proxy/serve-proxy.ts')
      const refused = await serveProxy(incoming, response, { target: answer.target, path: parseTarget(incoming.url ?? '/').path, signal })
      if (!refused) return
      if (!incoming.complete) response.setHeader('connection', 'close')
      return send(incoming, response, { answer: refused, audit, sending, signal })
    }
    case 'upgrade': {
      const asked = refusal(badRequest('Upgrade request required'), incoming)
      return asked.kind === 'body' ? sendBody(incoming, response, { answer: asked, audit, clock: sending.clock }) : undefined
    }
  }
}
