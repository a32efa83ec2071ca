/** A request that asks to leave HTTP: exec, attach, port-forward. Whatever is refused before that is an ordinary answer. */
import { ServerResponse, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { messageOf } from '../../../shared/kit/faults.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { serveStreams } from '../streaming/streaming.ts'
import { sendStream } from './respond.ts'
import { sendBody } from './send-body.ts'
import { BEARER_PROTOCOL } from './bearer-protocol.ts'
import { answerTo, auditId, type ServeContext } from './serve-request.ts'

export interface UpgradeAttempt {
  readonly incoming: IncomingMessage
  readonly socket: Duplex
  /** What came behind the request already. */
  readonly head: Buffer
}

/** For who is in the middle of a stream. */
const SHUTTING_DOWN = 'this control plane is shutting down, and this stream ended with it: run the command again'

/** Never rejects. */
export async function serveUpgrade(attempt: UpgradeAttempt, context: ServeContext): Promise<void> {
  const { incoming, socket } = attempt
  const gone = new AbortController()
  const abort = (): void => gone.abort(new Error('the client has gone away'))
  socket.on('close', abort)
  socket.on('error', abort)
  const stop = (): void => gone.abort(new Error(SHUTTING_DOWN))
  context.stopping.addEventListener('abort', stop, { once: true })
  const startMs = context.clock.monotonicMs()
  let code = 101
  let request: ApiRequest | undefined
  try {
    takeBearerProtocol(incoming)
    const answered = await answerTo(incoming, gone.signal, context)
    request = answered.request
    const { answer } = answered
    if (answer.kind === 'proxy') {
      const { serveProxyUpgrade } = await import('../proxy/serve-proxy-upgrade.ts')
      const refused = await serveProxyUpgrade(attempt, { target: answer.target, signal: gone.signal, clock: context.clock })
      if (refused) await answerPlainly(attempt, refused, { context, abort })
    } else if (answer.kind === 'upgrade') await serveStreams(attempt, { upgrade: answer.upgrade, signal: gone.signal, log: context.log, clock: context.clock, auditId: auditId(incoming, context.random), refuse: (refused) => answerPlainly(attempt, refused, { context, abort }) })
    else {
      code = answer.status
      await answerPlainly(attempt, answer, { context, abort })
    }
  } catch (error) {
    if (!gone.signal.aborted) context.log.warn({ err: messageOf(error), path: incoming.url }, 'a stream broke off')
    socket.destroy()
  } finally {
    context.stopping.removeEventListener('abort', stop)
    context.metrics.observe({ incoming, request, code, seconds: (context.clock.monotonicMs() - startMs) / 1000 })
  }
}

/** Answers on the raw connection as HTTP would, and ends it. */
async function answerPlainly({ incoming, socket }: UpgradeAttempt, answer: ApiResponse, { context, abort }: { readonly context: ServeContext; readonly abort: () => void }): Promise<void> {
  const response = new ServerResponse(incoming)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
  response.on('finish', () => {
    response.detachSocket(socket as Parameters<ServerResponse['detachSocket']>[0])
    socket.end()
  })
  const audit = auditId(incoming, context.random)
  if (answer.kind === 'body') return sendBody(incoming, response, { answer, audit, clock: context.clock })
  response.setHeader('audit-id', audit)
  if (answer.kind === 'stream') await sendStream(response, answer, { clock: context.clock, stopping: context.stopping, endSource: abort })
}

/** Browsers cannot set headers on a WebSocket: they show their token as a subprotocol, which is taken out again here. */
function takeBearerProtocol(incoming: IncomingMessage): void {
  const offered = (incoming.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim())
  const bearer = offered.find((one) => one.startsWith(BEARER_PROTOCOL))
  if (bearer === undefined || incoming.headers.authorization !== undefined) return
  incoming.headers.authorization = `Bearer ${Buffer.from(bearer.slice(BEARER_PROTOCOL.length), 'base64url').toString()}`
  incoming.headers['sec-websocket-protocol'] = offered.filter((one) => one !== bearer).join(', ')
}
