import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { Upgrade } from '../request.ts'
import { badRequest } from '../status.ts'
import { refusal } from '../http/answers.ts'
import { TUNNEL_PROTOCOL, WEBSOCKET_PORT_PROTOCOLS, WEBSOCKET_TERMINAL_PROTOCOLS, negotiate, parseProtocols } from './protocols.ts'
import { serveSpdyPorts } from './spdy-ports.ts'
import type { AgreedStream, Negotiated, StreamAttempt } from './streaming.ts'
import { keepAlive } from './websocket-channels.ts'
import { parsePorts, serveWebSocketPorts } from './websocket-ports.ts'
import { serveWebSocketTerminal } from './websocket-terminal.ts'

/** Clients send pieces of 32 KiB; far larger ones are nonsense. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

const queryOf = (incoming: IncomingMessage): URLSearchParams => new URLSearchParams((incoming.url ?? '').split('?')[1] ?? '')

export function negotiateWebSocket(incoming: IncomingMessage, upgrade: Upgrade): Negotiated {
  const spoken: readonly string[] = upgrade.kind === 'portforward' ? WEBSOCKET_PORT_PROTOCOLS : WEBSOCKET_TERMINAL_PROTOCOLS
  const offered = parseProtocols(incoming.headers['sec-websocket-protocol'])
  const protocol = negotiate(offered, spoken)
  if (protocol === undefined) return { kind: 'refused', answer: refusal(badRequest(`unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${spoken.join(' ')}]`)) }
  if (upgrade.kind === 'portforward' && protocol !== TUNNEL_PROTOCOL && !parsePorts(queryOf(incoming))) return { kind: 'refused', answer: refusal(badRequest('query parameter "ports" is required')) }
  return { kind: 'agreed', protocol }
}

export async function serveWebSocket(attempt: StreamAttempt, stream: AgreedStream): Promise<void> {
  const { createWebSocketStream } = await import('ws')
  const socket = await accept(attempt, stream)
  const { upgrade, clock, log, signal, nodeEnd, protocol } = stream
  if (upgrade.kind !== 'portforward') {
    if (nodeEnd) await serveWebSocketTerminal(socket, { clock, upgrade, protocol, nodeEnd })
    return
  }
  if (protocol !== TUNNEL_PROTOCOL) return serveWebSocketPorts(socket, { clock, protocol, ports: parsePorts(queryOf(attempt.incoming)) ?? [], upgrade, signal })
  socket.on('close', keepAlive(socket, clock))
  const connection = createWebSocketStream(socket)
  connection.on('error', () => socket.terminate())
  await serveSpdyPorts({ connection, clock, log, upgrade, signal })
}

async function accept({ incoming, socket, head }: StreamAttempt, stream: AgreedStream): Promise<WebSocket> {
  const { WebSocketServer } = await import('ws')
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES, handleProtocols: () => stream.protocol || false })
  server.on('headers', (headers) => headers.push(`Audit-Id: ${stream.auditId}`))
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error('the client went away while it was let in')))
    server.handleUpgrade(incoming, socket, head, resolve)
  })
}
