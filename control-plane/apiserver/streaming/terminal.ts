/** exec and attach: joins what the client sees as channels with the frames of the node, whatever protocol carries the channels. */
import type { StreamFrame } from '../../../proto/gen/node/v1/session.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import type { NodeStream } from '../../dispatch/port.ts'
import { internalError } from '../status.ts'
import { parseResizes } from './resize.ts'

/** The client's end. */
export interface TerminalClient {
  /** Until the client half-closes it; absent if it has none. */
  readonly stdin: AsyncIterable<Buffer> | undefined
  /** JSON texts `{"Width":80,"Height":24}`. */
  readonly resizes: AsyncIterable<Buffer> | undefined
  /** Resolves when the client has room for more. */
  write(channel: 'stdout' | 'stderr', chunk: Buffer): Promise<void>
  /** How it ended, as JSON of a `metav1.Status`; everything is closed after it. */
  finish(statusJson: Buffer): Promise<void>
}

export const SUCCESS_JSON: Buffer = Buffer.from('{"metadata":{},"status":"Success"}')

/** gRPC messages stay well below their limit. */
const MAX_FRAME_BYTES = 64 * 1024

export interface NodeEnd {
  readonly node: NodeStream
  /** What comes from the node, from its first frame on. */
  readonly frames: AsyncIterable<StreamFrame>
  /** Aborts when the client is gone or the server shuts down. */
  readonly signal: AbortSignal
}

/** Runs until the node says how it ended, the link breaks or the client goes. */
export async function relayTerminal(client: TerminalClient, { node, frames, signal }: NodeEnd): Promise<void> {
  const close = (): void => node.close()
  signal.addEventListener('abort', close, { once: true })
  if (signal.aborted) close()
  void forwardStdin(client, node)
  void forwardResizes(client, node)
  try {
    await client.finish(await forwardOutput(client, frames, signal))
  } finally {
    signal.removeEventListener('abort', close)
    close()
  }
}

async function forwardOutput(client: TerminalClient, frames: AsyncIterable<StreamFrame>, signal: AbortSignal): Promise<Buffer> {
  try {
    for await (const { frame } of frames) {
      if (frame?.$case === 'stdout' || frame?.$case === 'stderr') await client.write(frame.$case, asBuffer(frame.value))
      if (frame?.$case === 'ended') return frame.value.status.length === 0 ? SUCCESS_JSON : asBuffer(frame.value.status)
    }
    return brokenStatus(signal.aborted ? messageOf(signal.reason) : 'the node closed the stream without saying how it ended')
  } catch (error) {
    return brokenStatus(messageOf(error))
  }
}

const brokenStatus = (message: string): Buffer => Buffer.from(JSON.stringify(internalError(message).status))

/** The wire's bytes may be a plain `Uint8Array` in a simulation. */
export const asBuffer = (bytes: Uint8Array): Buffer => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))

async function forwardStdin(client: TerminalClient, node: NodeStream): Promise<void> {
  if (!client.stdin) return
  await sendBytes(client.stdin, node)
}

/** Sends bytes as stdin, then its half-close; ends quietly when the node is gone. */
export async function sendBytes(bytes: AsyncIterable<Buffer>, node: NodeStream): Promise<void> {
  try {
    for await (const chunk of bytes) {
      for (let at = 0; at < chunk.length; at += MAX_FRAME_BYTES) {
        node.send({ frame: { $case: 'stdin', value: chunk.subarray(at, at + MAX_FRAME_BYTES) } })
        await node.drained?.()
      }
    }
    node.send({ frame: { $case: 'stdinClosed', value: true } })
  } catch {
    // The stream is broken: the other direction tells how.
  }
}

async function forwardResizes(client: TerminalClient, node: NodeStream): Promise<void> {
  if (!client.resizes) return
  try {
    for await (const size of parseResizes(client.resizes)) node.send({ frame: { $case: 'resize', value: size } })
  } catch {
    // As above.
  }
}
