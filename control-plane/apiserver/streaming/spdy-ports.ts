/** Port-forward over SPDY/3.1 (on a socket, or tunnelled in a WebSocket): a pair of streams, error and data, for each connection. */
import type { Duplex } from 'node:stream'
import type { Clock } from '../../../shared/kit/clock.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import type { Log } from '../../../shared/kit/log.ts'
import type { Upgrade } from '../request.ts'
import { relayPort, type PortClient } from './port-relay.ts'
import { SpdySession } from './spdy/session.ts'
import type { SpdyStream } from './spdy/stream.ts'

export interface SpdyPorts {
  readonly connection: Duplex
  readonly clock: Clock
  readonly log: Log
  readonly upgrade: Extract<Upgrade, { kind: 'portforward' }>
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal
}

interface Pair {
  readonly error?: SpdyStream
  readonly data?: SpdyStream
  /** Gives up on the other half. */
  readonly cancel: () => void
}

/** How long the second stream of a pair may take to come. */
const PAIR_MS = 30_000

/** Resolves when the session is over. */
export async function serveSpdyPorts(ports: SpdyPorts): Promise<void> {
  const pairs = new Map<string, Pair>()
  const session = new SpdySession({
    connection: ports.connection,
    clock: ports.clock,
    onStream(stream) {
      const type = stream.headers['streamtype']
      const port = Number(stream.headers['port'])
      if ((type !== 'error' && type !== 'data') || !Number.isInteger(port) || port < 1 || port > 65_535) return stream.reset()
      const key = stream.headers['requestid'] ?? String(port)
      const pair = joined(pairs.get(key), type, stream)
      if (!pair) return stream.reset()
      if (pair.error && pair.data) {
        pairs.delete(key)
        pair.cancel()
        void forwardPair({ error: pair.error, data: pair.data, port }, ports)
      } else {
        const cancel = ports.clock.after(PAIR_MS, () => {
          pairs.delete(key)
          stream.reset()
        })
        pairs.set(key, { ...pair, cancel })
      }
    },
  })
  const close = (): void => session.close()
  ports.signal.addEventListener('abort', close, { once: true })
  try {
    await session.run()
  } finally {
    ports.signal.removeEventListener('abort', close)
    for (const pair of pairs.values()) pair.cancel()
  }
}

/** `undefined`: there is a stream of that type already. */
function joined(pair: Pair = { cancel: () => {} }, type: 'error' | 'data', stream: SpdyStream): Pair | undefined {
  return pair[type] ? undefined : { ...pair, [type]: stream }
}

async function forwardPair({ error, data, port }: { readonly error: SpdyStream; readonly data: SpdyStream; readonly port: number }, ports: SpdyPorts): Promise<void> {
  const client: PortClient = {
    incoming: data.incoming,
    write: (chunk) => data.write(chunk),
    async finish(message) {
      if (message !== undefined) await error.write(Buffer.from(message))
      await data.end()
      await error.end()
      data.ignoreIncoming()
      error.ignoreIncoming()
    },
  }
  try {
    await relayPort(client, { clock: ports.clock, signal: ports.signal, openPort: () => ports.upgrade.openPort(port, ports.signal) })
  } catch (failure) {
    ports.log.warn({ err: messageOf(failure), port }, 'a forwarded connection broke off')
    data.reset()
    error.reset()
  }
}
