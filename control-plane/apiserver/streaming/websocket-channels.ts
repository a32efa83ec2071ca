/** Channels in WebSocket messages: the first byte (or, in base64 protocols, the first digit) says which. */
import type { WebSocket } from 'ws'
import type { Clock } from '../../../shared/kit/clock.ts'
import { byteQueue, type ByteQueue } from './byte-queue.ts'

/** From v5 on: the byte that follows names a channel that its sender has closed. */
const CLOSE_CHANNEL = 255

const PING_EVERY_MS = 15_000
const SILENT_PINGS = 3
/** How long a client may take over what was sent to it before our goodbye: one on a busy host is not cut off from the end of it. */
const LINGER_MS = 20_000

export interface Channels {
  /** What comes on a channel, until the client closes it or goes. One reader each. */
  incoming(channel: number): AsyncIterable<Buffer>
  /** Resolves when the connection has taken it. */
  write(channel: number, chunk: Buffer): Promise<void>
  close(): void
  /** Resolves when the connection is gone. */
  readonly gone: Promise<void>
}

export interface ChannelOptions {
  readonly clock: Clock
  readonly protocol: string
  /** The channels that the client may write to; others are passed over. */
  readonly readable: readonly number[]
}

export function webSocketChannels(socket: WebSocket, options: ChannelOptions): Channels {
  const queues = new Map(options.readable.map((channel) => [channel, byteQueue()] as const))
  const base64 = options.protocol.includes('base64')
  const gone = Promise.withResolvers<void>()
  const stopPings = keepAlive(socket, options.clock)
  socket.on('message', (message: Buffer, isBinary: boolean) => {
    const { channel, chunk } = isBinary ? { channel: message[0] ?? -1, chunk: message.subarray(1) } : textMessage(message)
    if (channel === CLOSE_CHANNEL && options.protocol.startsWith('v5.')) return queues.get(chunk[0] ?? -1)?.end()
    const queue = queues.get(channel)
    if (queue) receive(socket, queue, chunk)
  })
  socket.on('error', () => socket.terminate())
  socket.on('close', () => {
    stopPings()
    for (const queue of queues.values()) queue.end()
    gone.resolve()
  })
  return {
    incoming: (channel) => queues.get(channel) ?? emptyQueue(),
    write: (channel, chunk) => send(socket, base64 ? `${channel}${chunk.toString('base64')}` : Buffer.concat([Buffer.of(channel), chunk])),
    close() {
      for (const queue of queues.values()) queue.discard()
      socket.close(1000)
      const cancel = options.clock.after(LINGER_MS, () => socket.terminate())
      void gone.promise.then(cancel)
    },
    gone: gone.promise,
  }
}

/** A text message: the channel as a digit, then base64. */
const textMessage = (message: Buffer): { readonly channel: number; readonly chunk: Buffer } => ({
  channel: (message[0] ?? 0) - 0x30,
  chunk: Buffer.from(message.toString('latin1', 1), 'base64'),
})

/** The connection is not read while too much waits for its reader. */
function receive(socket: WebSocket, queue: ByteQueue, chunk: Buffer): void {
  queue.push(chunk)
  socket.pause()
  void queue.room().then(() => socket.resume())
}

function emptyQueue(): ByteQueue {
  const queue = byteQueue()
  queue.end()
  return queue
}

/** Never rejects: that the client is gone shows elsewhere. */
function send(socket: WebSocket, message: string | Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) return resolve()
    socket.send(message, () => resolve())
  })
}

/** Terminates a connection whose peer does not even answer pings. */
export function keepAlive(socket: WebSocket, clock: Clock): () => void {
  let silent = 0
  let cancel = (): void => {}
  const heard = (): void => {
    silent = 0
  }
  socket.on('pong', heard)
  socket.on('ping', heard)
  socket.on('message', heard)
  const ping = (): void => {
    if (silent >= SILENT_PINGS) return socket.terminate()
    silent++
    if (socket.readyState === socket.OPEN) socket.ping()
    cancel = clock.after(PING_EVERY_MS, ping)
  }
  cancel = clock.after(PING_EVERY_MS, ping)
  return () => cancel()
}
