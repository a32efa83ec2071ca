import type { OpenStream, StreamFrame } from '../../proto/gen/node/v1/session.ts'
import type { Duplex } from '../../proto/rpc.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { newUid } from '../../shared/kit/ids.ts'
import type { Random } from '../../shared/kit/random.ts'
import { explained, nodeLost } from './interrupted.ts'
import type { NodeStreams } from './port.ts'

/** How long an agent may take to open a stream it was asked for. */
const OPEN_TIMEOUT_MS = 10_000
/** How long to wait for the session of an agent that is not connected now: after a restart of the control plane all of them dial again. */
const CONNECT_TIMEOUT_MS = 3_000

interface Waiting {
  readonly nodeName: string
  /** Asks its agent, if it is connected by now. */
  readonly ask: () => void
  readonly arrived: (stream: Duplex<StreamFrame, StreamFrame>) => void
}

/** Matches the streams that agents open with those who asked for them. */
export interface StreamRelay extends NodeStreams {
  /** Serves a stream an agent opened, until it ends. */
  accept(nodeName: string, stream: Duplex<StreamFrame, StreamFrame>): Promise<void>
  /** The node's agent has a session (again): it is asked for what waits. */
  connected(nodeName: string): void
}

export interface StreamRelayOptions {
  readonly clock: Clock
  readonly random: Random
  /** Asks the node's agent; answers false when it has no session. */
  readonly ask: (nodeName: string, request: OpenStream) => boolean
}

export function createStreamRelay({ clock, random, ask }: StreamRelayOptions): StreamRelay {
  const waiting = new Map<string, Waiting>()
  return {
    open(nodeName, request, signal) {
      const streamId = newUid(random)
      return new Promise((resolve, reject) => {
        let asked = false
        const give = (work: () => void): void => {
          waiting.delete(streamId)
          cancelConnect()
          cancelOpen()
          signal.removeEventListener('abort', abort)
          work()
        }
        const abort = (): void => give(() => reject(new Fault('cancelled', 'the client went away')))
        const cancelConnect = clock.after(CONNECT_TIMEOUT_MS, () => {
          if (!asked) give(() => reject(new Fault('unavailable', `node ${nodeName} has no connection to the control plane: is its agent running?`)))
        })
        const cancelOpen = clock.after(OPEN_TIMEOUT_MS, () => give(() => reject(new Fault('timeout', `node ${nodeName} did not open the stream within ${OPEN_TIMEOUT_MS / 1000} s`))))
        signal.addEventListener('abort', abort, { once: true })
        const askAgent = (): void => {
          asked ||= ask(nodeName, { streamId, request })
        }
        waiting.set(streamId, { nodeName, ask: askAgent, arrived: (stream) => give(() => resolve(stream)) })
        askAgent()
      })
    },
    connected(nodeName) {
      for (const one of waiting.values()) if (one.nodeName === nodeName) one.ask()
    },
    async accept(nodeName, stream) {
      const frames = stream.incoming[Symbol.asyncIterator]()
      const first = await frames.next()
      const frame = first.done ? undefined : first.value.frame
      const asked = frame?.$case === 'streamId' ? waiting.get(frame.value) : undefined
      if (!asked || asked.nodeName !== nodeName) throw new Fault('not-found', 'nobody waits for this stream')
      await new Promise<void>((ended) => {
        asked.arrived({ send: (message) => stream.send(message), drained: () => stream.drained(), incoming: untilEnd(explained(frames, (cause) => nodeLost(nodeName, cause)), ended), close: () => (stream.close(), ended()) })
      })
    },
  }
}

/** The rest of the frames; tells when they are over. */
async function* untilEnd(frames: AsyncIterator<StreamFrame>, ended: () => void): AsyncGenerator<StreamFrame> {
  try {
    for (let next = await frames.next(); !next.done; next = await frames.next()) {
      yield next.value
      if (next.value.frame?.$case === 'ended') return
    }
  } finally {
    ended()
  }
}
