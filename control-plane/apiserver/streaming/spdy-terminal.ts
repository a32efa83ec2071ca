/** exec and attach over SPDY/3.1: one stream per channel, told apart by their `streamType` header. */
import type { Duplex } from 'node:stream'
import type { Clock } from '../../../shared/kit/clock.ts'
import { Fault } from '../../../shared/kit/faults.ts'
import type { Upgrade } from '../request.ts'
import { errorChannelText } from './protocols.ts'
import { SpdySession } from './spdy/session.ts'
import type { SpdyStream } from './spdy/stream.ts'
import { relayTerminal, type NodeEnd, type TerminalClient } from './terminal.ts'

type TerminalUpgrade = Extract<Upgrade, { kind: 'exec' | 'attach' }>

export interface SpdyTerminal {
  readonly connection: Duplex
  readonly clock: Clock
  readonly upgrade: TerminalUpgrade
  readonly protocol: string
  readonly nodeEnd: NodeEnd
}

/** How long the client may take to open its streams. */
const STREAMS_MS = 30_000

/** Resolves when the session is over. */
export async function serveSpdyTerminal(terminal: SpdyTerminal): Promise<void> {
  const { connection, clock, upgrade, protocol, nodeEnd } = terminal
  const streams = new Map<string, SpdyStream>()
  const all = Promise.withResolvers<void>()
  const wanted = wantedStreams(upgrade, protocol)
  const session = new SpdySession({
    connection,
    clock,
    onStream(stream) {
      const type = stream.headers['streamtype'] ?? ''
      if (!wanted.includes(type) || streams.has(type)) return stream.reset()
      streams.set(type, stream)
      if (streams.size === wanted.length) all.resolve()
    },
  })
  // How the connection ends is of no interest; that it has ended is.
  const running = session.run().catch(() => {}).finally(() => {
    all.reject(new Fault('unavailable', 'the client closed the connection before it opened its streams'))
    nodeEnd.node.close()
  })
  const cancel = clock.after(STREAMS_MS, () => all.reject(new Fault('timeout', 'the client did not open its streams in time')))
  try {
    await all.promise
    await relayTerminal(clientOf(streams, session, protocol), nodeEnd)
  } catch (error) {
    nodeEnd.node.close()
    session.close()
    throw error
  } finally {
    cancel()
  }
  await running
}

function wantedStreams(upgrade: TerminalUpgrade, protocol: string): readonly string[] {
  const resizes = upgrade.tty && (protocol.startsWith('v3.') || protocol.startsWith('v4.'))
  return ['error', ...(upgrade.stdin ? ['stdin'] : []), ...(upgrade.stdout ? ['stdout'] : []), ...(upgrade.stderr ? ['stderr'] : []), ...(resizes ? ['resize'] : [])]
}

function clientOf(streams: ReadonlyMap<string, SpdyStream>, session: SpdySession, protocol: string): TerminalClient {
  return {
    stdin: streams.get('stdin')?.incoming,
    resizes: streams.get('resize')?.incoming,
    write: async (channel, chunk) => streams.get(channel)?.write(chunk),
    async finish(statusJson) {
      await streams.get('error')?.write(errorChannelText(protocol, statusJson))
      for (const stream of streams.values()) await stream.end()
      session.close()
    },
  }
}
