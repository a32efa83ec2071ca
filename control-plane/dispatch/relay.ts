/** Streams to nodes from control planes that do not lead: both ends of the way from such a one to the leader. */
import type { RelayMessage, StreamFrame } from '../../proto/gen/node/v1/session.ts'
import type { Duplex } from '../../proto/rpc.ts'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import type { Status } from '../../shared/model/gen/api.ts'
import { StreamInterrupted, leaderLost } from './interrupted.ts'
import type { NodeStream, NodeStreams } from './port.ts'

/** The leader's end: opens what is asked for and passes frames both ways until one side is over. */
export async function serveRelay(streams: NodeStreams, stream: Duplex<StreamFrame, RelayMessage>): Promise<void> {
  const messages = stream.incoming[Symbol.asyncIterator]()
  const first = await messages.next()
  const open = first.done ? undefined : first.value.message
  const request = open?.$case === 'open' ? open.value.stream?.request : undefined
  if (open?.$case !== 'open' || !request) throw new Fault('invalid', 'a relayed stream begins with the request to open it')
  const asker = new AbortController()
  const node = await streams.open(open.value.nodeName, request, asker.signal)
  try {
    stream.send({ frame: { $case: 'streamId', value: '' } })
    await Promise.race([framesToNode(messages, node), pass(node.incoming, stream)])
  } catch (error) {
    // Told as a frame: whatever the other replica hears as an error of the call is the end of the way to this one.
    if (!(error instanceof StreamInterrupted)) throw error
    stream.send({ frame: { $case: 'ended', value: { status: Buffer.from(JSON.stringify(interruptedStatus(error))) } } })
  } finally {
    node.close()
    asker.abort(new Fault('cancelled', 'the relayed stream is over'))
  }
}

const interruptedStatus = ({ message }: StreamInterrupted): Status => ({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'ServiceUnavailable', code: 503 })

async function framesToNode(messages: AsyncIterator<RelayMessage>, node: NodeStream): Promise<void> {
  for (let next = await messages.next(); !next.done; next = await messages.next()) {
    const { message } = next.value
    if (message?.$case !== 'frame') continue
    try {
      node.send(message.value)
    } catch {
      // The node's frames end now as well, and they tell why.
      return new Promise(() => {})
    }
    await node.drained?.()
  }
}

async function pass(frames: AsyncIterable<StreamFrame>, to: Duplex<StreamFrame, RelayMessage>): Promise<void> {
  for await (const frame of frames) {
    to.send(frame)
    await to.drained()
  }
}

export interface RelayedStreamsOptions {
  /** Opens the call to the leader; `undefined` while nobody leads. */
  readonly dial: (signal: AbortSignal) => Duplex<RelayMessage, StreamFrame> | undefined
}

/** The other end: streams to nodes, through whoever leads. */
export function createRelayedStreams({ dial }: RelayedStreamsOptions): NodeStreams {
  return {
    async open(nodeName, request, signal) {
      const over = new AbortController()
      const abort = (): void => over.abort(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      const call = dial(over.signal)
      if (!call) throw new Fault('unavailable', `node ${nodeName} cannot be reached: no control plane leads at the moment`)
      try {
        call.send({ message: { $case: 'open', value: { nodeName, stream: { streamId: '', request } } } })
        const frames = call.incoming[Symbol.asyncIterator]()
        const first = await frames.next()
        if (first.done) throw new Fault('unavailable', `the leader ended the stream to node ${nodeName}`)
        // An answer that has been opened is ended by whoever reads it, no more by who asked for it.
        signal.removeEventListener('abort', abort)
        return relayed(call, frames, () => over.abort(new Fault('cancelled', 'the stream was closed')))
      } catch (error) {
        over.abort(error)
        throw signal.aborted && !isFault(error, 'cancelled') ? new Fault('cancelled', 'the client went away', { cause: error }) : error
      }
    },
  }
}

function relayed(call: Duplex<RelayMessage, StreamFrame>, frames: AsyncIterator<StreamFrame>, end: () => void): NodeStream {
  return {
    send: (frame) => call.send({ message: { $case: 'frame', value: frame } }),
    drained: () => call.drained(),
    incoming: { [Symbol.asyncIterator]: () => ({ next: () => nextFrom(frames), return: async () => (end(), { done: true, value: undefined }) }) },
    // What was sent before still arrives; the leader ends the call then.
    close: () => call.close(),
  }
}

async function nextFrom(frames: AsyncIterator<StreamFrame>): Promise<IteratorResult<StreamFrame>> {
  try {
    return await frames.next()
  } catch (error) {
    throw leaderLost(error)
  }
}
