import { expect, test } from 'vitest'
import type { RelayMessage, StreamFrame } from '../../proto/gen/node/v1/session.ts'
import type { Duplex } from '../../proto/rpc.ts'
import { channel } from '../../shared/kit/channel.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { nodeLost } from './interrupted.ts'
import type { NodeStream, NodeStreams } from './port.ts'
import { createRelayedStreams, serveRelay } from './relay.ts'

/** Both ends of a call, as gRPC gives them: what the handler throws the caller hears. */
function call(handler: (stream: Duplex<StreamFrame, RelayMessage>) => Promise<void>): { readonly dial: (signal: AbortSignal) => Duplex<RelayMessage, StreamFrame>; readonly served: Promise<void> } {
  const [up, down] = [channel<RelayMessage>(), channel<StreamFrame>()]
  const drained = async (): Promise<void> => {}
  const served = Promise.withResolvers<void>()
  const dial = (signal: AbortSignal): Duplex<RelayMessage, StreamFrame> => {
    signal.addEventListener('abort', () => {
      const fault = new Fault('cancelled', 'the other side went away')
      up.close(fault)
      down.close(fault)
    })
    handler({ send: (frame) => void down.push(frame), drained, incoming: up, close: () => down.close() })
      .then(() => down.close(), (error: unknown) => down.close(error as Error))
      .finally(() => served.resolve())
    return { send: (message) => void up.push(message), drained, incoming: down, close: () => up.close() }
  }
  return { dial, served: served.promise }
}

/** A node that sends back what it gets on stdin, in capitals. */
function echo(): { readonly streams: NodeStreams; readonly asked: string[]; readonly isClosed: () => boolean } {
  const asked: string[] = []
  let closed = false
  const streams: NodeStreams = {
    async open(nodeName, request) {
      asked.push(`${nodeName} ${request.$case}`)
      const incoming = channel<StreamFrame>()
      const node: NodeStream = {
        send({ frame }) {
          if (frame?.$case === 'stdin') incoming.push({ frame: { $case: 'stdout', value: Buffer.from(frame.value.toString().toUpperCase()) } })
          if (frame?.$case === 'stdinClosed') {
            incoming.push({ frame: { $case: 'ended', value: { status: Buffer.alloc(0) } } })
            incoming.close()
          }
        },
        incoming,
        close() {
          closed = true
          incoming.close()
        },
      }
      return node
    },
  }
  return { streams, asked, isClosed: () => closed }
}

const exec = { $case: 'exec', value: { pod: undefined, container: 'c', command: ['sh'], stdin: true, stdout: true, stderr: true, tty: false } } as const

test('frames pass both ways until the node has ended', async () => {
  const { streams, asked, isClosed } = echo()
  const { dial, served } = call((stream) => serveRelay(streams, stream))
  const opened = await createRelayedStreams({ dial }).open('n1', exec, new AbortController().signal)
  opened.send({ frame: { $case: 'stdin', value: Buffer.from('hello') } })
  opened.send({ frame: { $case: 'stdinClosed', value: true } })
  const heard: string[] = []
  for await (const { frame } of opened.incoming) heard.push(frame?.$case === 'stdout' ? frame.value.toString() : (frame?.$case ?? ''))
  await served
  expect([asked, heard, isClosed()]).toEqual([['n1 exec'], ['HELLO', 'ended'], true])
})

test('a client that closes or goes away closes the stream on the node', async () => {
  for (const leave of [(stream: NodeStream) => stream.close(), (stream: NodeStream) => void stream.incoming[Symbol.asyncIterator]().return?.()]) {
    const { streams, isClosed } = echo()
    const { dial, served } = call((stream) => serveRelay(streams, stream))
    leave(await createRelayedStreams({ dial }).open('n1', exec, new AbortController().signal))
    await served
    expect(isClosed()).toBe(true)
  }
})

test('why a node cannot be reached is heard by who asked', async () => {
  const streams: NodeStreams = { open: () => Promise.reject(new Fault('unavailable', 'node n1 has no connection')) }
  const { dial } = call((stream) => serveRelay(streams, stream))
  await expect(createRelayedStreams({ dial }).open('n1', exec, new AbortController().signal)).rejects.toMatchObject({ code: 'unavailable', message: 'node n1 has no connection' })
})

test('without a leader nothing is opened, and one that gives up waits no longer', async () => {
  await expect(createRelayedStreams({ dial: () => undefined }).open('n1', exec, new AbortController().signal)).rejects.toMatchObject({ code: 'unavailable' })
  const { dial } = call((stream) => serveRelay({ open: () => new Promise(() => {}) }, stream))
  const abort = new AbortController()
  const opening = createRelayedStreams({ dial }).open('n1', exec, abort.signal)
  abort.abort()
  await expect(opening).rejects.toMatchObject({ code: 'cancelled' })
})

test('a relayed stream begins with what to open', async () => {
  const { dial } = call((stream) => serveRelay(echo().streams, stream))
  const stream = dial(new AbortController().signal)
  stream.send({ message: { $case: 'frame', value: { frame: { $case: 'started', value: true } } } })
  await expect(stream.incoming[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'invalid' })
})

test('a stream whose node breaks off tells the node, one whose leader does tells the leader', async () => {
  const node = channel<StreamFrame>()
  const streams: NodeStreams = { open: async () => ({ send: () => {}, incoming: node, close: () => node.close() }) }
  const { dial, served } = call((stream) => serveRelay(streams, stream))
  const opened = await createRelayedStreams({ dial }).open('n1', exec, new AbortController().signal)
  node.close(nodeLost('n1', new Error('reset')))
  const frames: StreamFrame[] = []
  for await (const frame of opened.incoming) frames.push(frame)
  await served
  expect(frames).toHaveLength(1)
  const last = frames[0]?.frame
  expect(JSON.parse(last?.$case === 'ended' ? last.value.status.toString() : '{}')).toMatchObject({ code: 503, message: 'the connection to node n1 has broken (reset): run the command again' })

  const broken = channel<StreamFrame>()
  const lost = await createRelayedStreams({ dial: () => (broken.push({ frame: { $case: 'streamId', value: '' } }), { send: () => {}, drained: async () => {}, incoming: broken, close: () => {} }) }).open('n1', exec, new AbortController().signal)
  broken.close(new Fault('unavailable', 'Connection dropped'))
  await expect(lost.incoming[Symbol.asyncIterator]().next()).rejects.toThrow('the control plane that led cannot be reached any more (Connection dropped), and this stream ended with its leadership: run the command again')
})
