/** Where agents and other control planes come in, on every replica: what is the leader's is handed to it or pointed to, all else is answered. */
import type { AgentMessage, LeaderResponse, RelayMessage, ServerMessage, StreamFrame } from '../../proto/gen/node/v1/session.ts'
import type { Duplex } from '../../proto/rpc.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { Dispatch } from './dispatch.ts'
import { whileLeading } from './interrupted.ts'
import { serveRelay } from './relay.ts'
import type { RequestToken } from './tokens.ts'

/** What the leader's part of this process is, while it leads. */
export interface Leading {
  readonly dispatch: Dispatch
  /** Aborts when the leadership is over. */
  readonly signal: AbortSignal
  isConfirmed(): boolean
}

export interface NodeDoor {
  /** Serves one agent's session until its stream ends, or the leadership does: then the agent is told who leads now. */
  session(nodeName: string, stream: Duplex<ServerMessage, AgentMessage>): Promise<void>
  stream(nodeName: string, stream: Duplex<StreamFrame, StreamFrame>): Promise<void>
  readonly requestToken: RequestToken
  findLeader(): LeaderResponse
  /** A stream that another control plane wants opened. */
  relay(stream: Duplex<StreamFrame, RelayMessage>): Promise<void>
}

export interface NodeDoorOptions {
  /** `undefined`: this replica does not lead, or is not ready to. */
  readonly leading: () => Leading | undefined
  /** `host:port` of who leads, as far as is known. */
  readonly leaderAddress: () => string | undefined
  readonly requestToken: RequestToken
}

export function createNodeDoor({ leading, leaderAddress, requestToken }: NodeDoorOptions): NodeDoor {
  const redirect = (stream: Duplex<ServerMessage, AgentMessage>): void => {
    try {
      stream.send({ message: { $case: 'redirected', value: { leader: leaderAddress() ?? '' } } })
    } catch {
      // The agent is gone already.
    }
    stream.close()
  }
  const now = (): Leading => {
    const leader = leading()
    if (!leader) throw new Fault('unavailable', `this control plane does not lead${leaderAddress() === undefined ? '' : `: ${leaderAddress()} does`}`)
    return leader
  }
  return {
    async session(nodeName, stream) {
      const leader = leading()
      if (!leader) return redirect(stream)
      const end = (): void => redirect(stream)
      leader.signal.addEventListener('abort', end, { once: true })
      try {
        await leader.dispatch.session(nodeName, stream)
      } finally {
        leader.signal.removeEventListener('abort', end)
      }
    },
    async stream(nodeName, stream) {
      const { dispatch, signal } = now()
      await dispatch.stream(nodeName, { send: (frame) => stream.send(frame), drained: () => stream.drained(), incoming: whileLeading(stream.incoming, signal), close: () => stream.close() })
    },
    requestToken,
    findLeader: () => ({ leader: leaderAddress() ?? '', isLeading: leading()?.isConfirmed() ?? false }),
    relay: async (stream) => serveRelay(now().dispatch.streams, stream),
  }
}
