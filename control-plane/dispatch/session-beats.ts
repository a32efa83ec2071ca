/** Signs of life of agents that say them in their session still: handed to the tracker as if they had come on a connection of heartbeats. */
import type { Heartbeat, ServerMessage } from '../../proto/gen/node/v1/session.ts'
import type { InProcessHeartbeats } from '../heartbeats/in-process.ts'

export interface SessionBeats {
  take(heartbeat: Heartbeat): void
  end(): void
}

export function createSessionBeats(heartbeats: InProcessHeartbeats, of: { readonly nodeName: string; readonly bootId: string; readonly agentStartedMs: number }, send: (message: ServerMessage) => void): SessionBeats {
  const { nodeName, bootId, agentStartedMs } = of
  const numbers = new Map<number, number>()
  let epoch = 0
  const connection = heartbeats.connect({ kind: 'node', nodeName }, ({ message }) => {
    if (message?.$case === 'epoch') epoch = message.value.number
    if (message?.$case !== 'ack') return
    const { sequence, number } = message.value
    numbers.set(sequence, number)
    numbers.delete(sequence - 64)
    send({ message: { $case: 'heartbeatAck', value: { sequence, nextPeriodMs: 100 } } })
  })
  connection.take({ message: { $case: 'hello', value: { nodeName, bootId, instance: `session of ${agentStartedMs}`, agentStartedMs, peerAddress: '' } }, relayedNode: '' })
  return {
    take: ({ sequence, echoedAck }) => connection.take({ message: { $case: 'beat', value: { sequence, echoedAck: numbers.get(echoedAck) ?? 0, epoch } }, relayedNode: '' }),
    end: () => connection.closed(),
  }
}
