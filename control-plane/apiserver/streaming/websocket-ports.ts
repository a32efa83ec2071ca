/** Port-forward over WebSocket channels: each port named in the query has two, data (even) and error (odd). */
import type { WebSocket } from 'ws'
import type { Clock } from '../../../shared/kit/clock.ts'
import type { Upgrade } from '../request.ts'
import { relayPort } from './port-relay.ts'
import { webSocketChannels, type Channels } from './websocket-channels.ts'

export interface WebSocketPorts {
  readonly clock: Clock
  readonly protocol: string
  readonly ports: readonly number[]
  readonly upgrade: Extract<Upgrade, { kind: 'portforward' }>
  readonly signal: AbortSignal
}

/** `ports=80&ports=443` or `ports=80,443`; `undefined` if one is no port or there is none. */
export function parsePorts(query: URLSearchParams): readonly number[] | undefined {
  const ports = query.getAll('ports').flatMap((value) => value.split(',')).map(Number)
  return ports.length > 0 && ports.every((port) => Number.isInteger(port) && port >= 1 && port <= 65_535) ? ports : undefined
}

/** Resolves when the connection is over. */
export async function serveWebSocketPorts(socket: WebSocket, options: WebSocketPorts): Promise<void> {
  const channels = webSocketChannels(socket, { clock: options.clock, protocol: options.protocol, readable: options.ports.map((_, index) => index * 2) })
  const relays = options.ports.map((port, index) => servePort(channels, { port, channel: index * 2, options }))
  await Promise.all(relays)
  channels.close()
  await channels.gone
}

interface PortChannel {
  readonly port: number
  readonly channel: number
  readonly options: WebSocketPorts
}

async function servePort(channels: Channels, { port, channel, options }: PortChannel): Promise<void> {
  const announced = Buffer.alloc(2)
  announced.writeUInt16LE(port)
  await channels.write(channel, announced)
  await channels.write(channel + 1, announced)
  const client = {
    incoming: channels.incoming(channel),
    write: (chunk: Buffer) => channels.write(channel, chunk),
    async finish(error: string | undefined): Promise<void> {
      if (error !== undefined) await channels.write(channel + 1, Buffer.from(error))
    },
  }
  await relayPort(client, { clock: options.clock, signal: options.signal, openPort: () => options.upgrade.openPort(port, options.signal) })
}
