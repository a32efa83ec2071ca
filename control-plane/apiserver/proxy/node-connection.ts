import type { Duplex } from 'node:stream'
import type { Status } from '../../../shared/model/gen/api.ts'
import { byteDuplex } from '../../../shared/kit/byte-duplex.ts'
import type { StreamFrame } from '../../../proto/gen/node/v1/session.ts'
import type { NodeStream } from '../../dispatch/port.ts'

/** gRPC messages stay well below their limit. */
const MAX_FRAME_BYTES = 64 * 1024

/** A connection that a node carries, as a socket of Node. */
export function nodeConnection(node: NodeStream): Duplex {
  return byteDuplex({
    incoming: outputOf(node.incoming),
    async write(chunk) {
      for (let at = 0; at < chunk.length; at += MAX_FRAME_BYTES) {
        node.send({ frame: { $case: 'stdin', value: chunk.subarray(at, at + MAX_FRAME_BYTES) } })
        await node.drained?.()
      }
    },
    end: () => node.send({ frame: { $case: 'stdinClosed', value: true } }),
    close: () => node.close(),
  })
}

async function* outputOf(frames: AsyncIterable<StreamFrame>): AsyncGenerator<Uint8Array> {
  for await (const { frame } of frames) {
    if (frame?.$case === 'stdout') yield frame.value
    if (frame?.$case !== 'ended') continue
    if (frame.value.status.length > 0) throw new Error((JSON.parse(Buffer.from(frame.value.status).toString('utf8')) as Status).message ?? 'the node ended the connection')
    return
  }
}
