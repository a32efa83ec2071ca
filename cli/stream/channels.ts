/** A WebSocket to the API server whose messages carry channels: the first byte says which. */
import { WebSocket } from 'ws'
import { Fault } from '../../shared/kit/faults.ts'
import type { Target } from '../config/target.ts'
import { StatusProblem, statusOf } from '../cluster/status-problem.ts'

export interface ChannelSocket {
  send(channel: number, bytes: Uint8Array): void
  /** Says that nothing more comes on a channel; only `v5.channel.k8s.io` knows it. */
  endChannel(channel: number): void
  /** Waits while the connection has more to send than it should hold. */
  drained(): Promise<void>
  close(): void
  readonly protocol: string
}

export interface ChannelOptions {
  readonly protocols: readonly string[]
  /** A promise: nothing more is read until it is settled. */
  readonly onChunk: (channel: number, bytes: Buffer) => void | Promise<void>
  readonly onClose: () => void
}

const CLOSE_CHANNEL = 255
/** Beyond this much unsent, whoever sends should wait. */
const FULL = 1 << 20

/** @throws StatusProblem when the server refuses, Fault('unavailable') when it is not there */
export function openChannels({ rest, headers }: Target, path: string, options: ChannelOptions): Promise<ChannelSocket> {
  const url = new URL(rest.server.replace(/^http/, 'ws'))
  const socket = new WebSocket(`${url.origin}${url.pathname.replace(/\/$/, '')}${path}`, [...options.protocols], {
    ca: rest.ca,
    cert: rest.cert,
    key: rest.key,
    ...(rest.serverName === undefined ? {} : { servername: rest.serverName }),
    rejectUnauthorized: !rest.insecureSkipVerify,
    perMessageDeflate: false,
    headers: { 'user-agent': rest.userAgent ?? 'gantry', ...headers, ...(rest.bearerToken === undefined ? {} : { authorization: `Bearer ${rest.bearerToken}` }) },
  })
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_request, response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part)).on('end', () => reject(new StatusProblem(statusOf(response.statusCode ?? 500, Buffer.concat(parts).toString()))))
    })
    socket.on('error', (cause: NodeJS.ErrnoException) => reject(new Fault('unavailable', `${rest.server} cannot be reached: ${cause.message}`, { cause })))
    socket.on('message', (message: Buffer) => {
      const taken = message.length > 0 ? options.onChunk(message[0] ?? 0, message.subarray(1)) : undefined
      if (!taken) return
      socket.pause()
      void taken.catch(() => {}).then(() => socket.resume())
    })
    socket.on('close', options.onClose)
    socket.on('open', () => resolve(overSocket(socket)))
  })
}

function overSocket(socket: WebSocket): ChannelSocket {
  const isOpen = (): boolean => socket.readyState === socket.OPEN
  return {
    protocol: socket.protocol,
    send: (channel, bytes) => {
      if (isOpen()) socket.send(Buffer.concat([Buffer.of(channel), bytes]))
    },
    endChannel: (channel) => {
      if (isOpen() && socket.protocol.startsWith('v5.')) socket.send(Buffer.of(CLOSE_CHANNEL, channel))
    },
    async drained() {
      while (isOpen() && socket.bufferedAmount > FULL) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    close: () => socket.close(1000),
  }
}
