/** exec, attach and port-forward over SPDY/3.1 and WebSocket. The door of this room. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../../shared/kit/clock.ts'
import type { Log } from '../../../shared/kit/log.ts'
import type { ApiResponse, Upgrade } from '../request.ts'
import { asApiError, badRequest } from '../status.ts'
import { refusal } from '../http/answers.ts'
import { startedStream } from './node-start.ts'
import type { NodeEnd } from './terminal.ts'
import { negotiateSpdy, serveSpdy } from './serve-spdy.ts'
import { negotiateWebSocket, serveWebSocket } from './serve-websocket.ts'

export interface StreamAttempt {
  readonly incoming: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

export interface StreamOptions {
  readonly upgrade: Upgrade
  /** Aborts when the client is gone or the server shuts down. */
  readonly signal: AbortSignal
  readonly log: Log
  readonly clock: Clock
  readonly auditId: string
  /** Answers as HTTP would: only before the upgrade. */
  refuse(answer: ApiResponse): Promise<void>
}

/** What both protocols agree on before anything is opened. */
export type Negotiated = { readonly kind: 'agreed'; readonly protocol: string } | { readonly kind: 'refused'; readonly answer: ApiResponse }

/** Resolves when the stream is over; whatever fails before the upgrade is a plain answer. */
export async function serveStreams(attempt: StreamAttempt, options: StreamOptions): Promise<void> {
  const wanted = (attempt.incoming.headers.upgrade ?? '').toLowerCase()
  const serve = wanted === 'websocket' ? serveWebSocket : wanted === 'spdy/3.1' ? serveSpdy : undefined
  if (!serve) return options.refuse(refusal(badRequest('Upgrade request required')))
  const negotiated = wanted === 'websocket' ? negotiateWebSocket(attempt.incoming, options.upgrade) : negotiateSpdy(attempt.incoming, options.upgrade)
  if (negotiated.kind === 'refused') return options.refuse(negotiated.answer)
  let nodeEnd: NodeEnd | undefined
  try {
    nodeEnd = await openTerminal(options)
  } catch (error) {
    return options.refuse(refusal(asApiError(error)))
  }
  await serve(attempt, { ...options, protocol: negotiated.protocol, nodeEnd })
}

/** Ports are opened later, one for each connection. */
async function openTerminal({ upgrade, signal, clock }: StreamOptions): Promise<NodeEnd | undefined> {
  if (upgrade.kind === 'portforward') return undefined
  return startedStream(await upgrade.open(signal), { clock, signal })
}

export interface AgreedStream extends StreamOptions {
  readonly protocol: string
  /** Absent for port-forward. */
  readonly nodeEnd: NodeEnd | undefined
}
