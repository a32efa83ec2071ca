import type { IncomingMessage } from 'node:http'
import type { Upgrade } from '../request.ts'
import { jsonBody } from '../http/answers.ts'
import { SPDY_PORT_PROTOCOLS, SPDY_TERMINAL_PROTOCOLS, negotiate, parseProtocols } from './protocols.ts'
import { serveSpdyPorts } from './spdy-ports.ts'
import { serveSpdyTerminal } from './spdy-terminal.ts'
import type { AgreedStream, Negotiated, StreamAttempt } from './streaming.ts'

export function negotiateSpdy(incoming: IncomingMessage, upgrade: Upgrade): Negotiated {
  const spoken: readonly string[] = upgrade.kind === 'portforward' ? SPDY_PORT_PROTOCOLS : SPDY_TERMINAL_PROTOCOLS
  const offered = parseProtocols(incoming.headers['x-stream-protocol-version']?.toString())
  const protocol = negotiate(offered, spoken)
  if (protocol !== undefined) return { kind: 'agreed', protocol }
  const message = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${spoken.join(' ')}]`
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'Forbidden', code: 403 }
  return { kind: 'refused', answer: jsonBody(403, status, { 'x-accepted-stream-protocol-versions': spoken.join(', ') }) }
}

export async function serveSpdy({ socket, head }: StreamAttempt, stream: AgreedStream): Promise<void> {
  const agreed = stream.protocol === '' ? [] : [`X-Stream-Protocol-Version: ${stream.protocol}`]
  socket.write(['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: SPDY/3.1', ...agreed, `Audit-Id: ${stream.auditId}`, '', ''].join('\r\n'))
  if (head.length > 0) socket.unshift(head)
  const { upgrade, clock, log, signal, nodeEnd } = stream
  if (upgrade.kind === 'portforward') return serveSpdyPorts({ connection: socket, clock, log, upgrade, signal })
  if (nodeEnd) await serveSpdyTerminal({ connection: socket, clock, upgrade, protocol: stream.protocol || 'channel.k8s.io', nodeEnd })
}
