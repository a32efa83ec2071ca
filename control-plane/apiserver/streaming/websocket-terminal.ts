/** exec and attach over WebSocket. */
import type { WebSocket } from 'ws'
import type { Clock } from '../../../shared/kit/clock.ts'
import type { Upgrade } from '../request.ts'
import { errorChannelText } from './protocols.ts'
import { relayTerminal, type NodeEnd, type TerminalClient } from './terminal.ts'
import { webSocketChannels, type Channels } from './websocket-channels.ts'

const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const

export interface WebSocketTerminal {
  readonly clock: Clock
  readonly upgrade: Extract<Upgrade, { kind: 'exec' | 'attach' }>
  readonly protocol: string
  readonly nodeEnd: NodeEnd
}

/** Resolves when the connection is over. */
export async function serveWebSocketTerminal(socket: WebSocket, terminal: WebSocketTerminal): Promise<void> {
  const { upgrade, protocol, nodeEnd } = terminal
  const channels = webSocketChannels(socket, { clock: terminal.clock, protocol, readable: [CHANNEL.stdin, CHANNEL.resize] })
  void channels.gone.then(() => nodeEnd.node.close())
  // An empty message on the first channel that will be written tells the client that it is connected.
  await channels.write(upgrade.stdout ? CHANNEL.stdout : upgrade.stderr ? CHANNEL.stderr : CHANNEL.error, Buffer.alloc(0))
  await relayTerminal(clientOf(channels, terminal), nodeEnd)
  await channels.gone
}

function clientOf(channels: Channels, { upgrade, protocol }: WebSocketTerminal): TerminalClient {
  return {
    stdin: upgrade.stdin ? channels.incoming(CHANNEL.stdin) : undefined,
    resizes: upgrade.tty ? channels.incoming(CHANNEL.resize) : undefined,
    async write(channel, chunk) {
      if (upgrade[channel]) await channels.write(CHANNEL[channel], chunk)
    },
    async finish(statusJson) {
      const text = errorChannelText(protocol, statusJson)
      if (text.length > 0) await channels.write(CHANNEL.error, text)
      channels.close()
    },
  }
}
