/** How the API server reaches what it proxies to: a connection that the node of the target makes. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import type { Clock } from '../../../shared/kit/clock.ts'
import { isFault, messageOf } from '../../../shared/kit/faults.ts'
import type { DialRequest } from '../../../proto/gen/node/v1/session.ts'
import type { NodeStream, NodeStreams } from '../../dispatch/port.ts'
import type { HandlerContext } from '../handlers/context.ts'
import { unreachable } from '../proxy/exchange.ts'
import { targetPath } from '../proxy/paths.ts'
import { startedStream } from '../streaming/node-start.ts'

export interface Dialing {
  readonly streams: NodeStreams
  readonly nodeName: string
  readonly request: DialRequest
  readonly clock: Clock
}

/** Throws a 503 that says why nobody answers there. */
export async function dialNode({ streams, nodeName, request, clock }: Dialing, signal: AbortSignal): Promise<NodeStream> {
  try {
    const node = await streams.open(nodeName, { $case: 'dial', value: request }, signal)
    const { frames } = await startedStream(node, { clock, signal })
    return { send: (frame) => node.send(frame), drained: async () => node.drained?.(), incoming: frames, close: () => node.close() }
  } catch (error) {
    if (isApiError(error)) throw unreachable(error.message)
    if (isFault(error)) throw unreachable(messageOf(error))
    throw error
  }
}

/** The path that is meant within the target. */
export const pathInTarget = ({ request, route }: HandlerContext): string => targetPath(request.path, route.path.rest)

/** What Go's dialer makes of a port: the scheme's own when there is none. Throws a 503 for what is none. */
export function portNumber(port: string, scheme: 'http' | 'https'): number {
  if (port === '') return scheme === 'https' ? 443 : 80
  if (!/^\d+$/.test(port)) throw unreachable(`dial tcp: lookup tcp/${port}: unknown port`)
  const number = Number(port)
  if (number > 65_535) throw unreachable(`dial tcp: address ${port}: invalid port`)
  return number
}

/** Whether a proxy may go there: no loopback, link-local, multicast or unspecified address. */
export function isGlobalUnicast(address: string): boolean {
  if (address === '') return false
  if (address.includes(':')) return !/^(::1?$|f[ef][89ab]|ff)/i.test(address)
  const parts = address.split('.').map(Number)
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return false
  const [a = 0, b = 0] = parts
  return a !== 127 && !(a === 169 && b === 254) && !(a >= 224 && a <= 239) && address !== '0.0.0.0' && address !== '255.255.255.255'
}

/** `host:port`, with brackets around an IPv6 address. */
export const hostPort = (host: string, port: number | string): string => `${host.includes(':') ? `[${host}]` : host}${port === '' ? '' : `:${port}`}`
