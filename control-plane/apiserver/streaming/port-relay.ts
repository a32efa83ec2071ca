/** One forwarded connection: joins the client's data channel with the frames of the node. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import type { StreamFrame } from '../../../proto/gen/node/v1/session.ts'
import type { Clock } from '../../../shared/kit/clock.ts'
import type { NodeStream } from '../../dispatch/port.ts'
import { unlessIdle } from './node-start.ts'
import { asBuffer, sendBytes } from './terminal.ts'

export interface PortClient {
  readonly incoming: AsyncIterable<Buffer>
  write(chunk: Buffer): Promise<void>
  /** Closes both channels; a message goes into the error channel before. */
  finish(error: string | undefined): Promise<void>
}

export interface PortOpening {
  readonly clock: Clock
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal
  /** Reaches the port in the pod's network. */
  openPort(): Promise<NodeStream>
}

/** Runs until either side ends. */
export async function relayPort(client: PortClient, { clock, signal, openPort }: PortOpening): Promise<void> {
  let node: NodeStream
  let frames: AsyncIterable<StreamFrame>
  try {
    const opened = await openPort()
    ;({ node, frames } = unlessIdle({ node: opened, frames: opened.incoming, signal }, clock))
  } catch (error) {
    return client.finish(isApiError(error) ? error.message : messageOf(error))
  }
  void sendBytes(client.incoming, node)
  const close = (): void => node.close()
  signal.addEventListener('abort', close, { once: true })
  if (signal.aborted) close()
  try {
    await client.finish((await forward(client, frames)) ?? (signal.aborted ? messageOf(signal.reason) : undefined))
  } finally {
    signal.removeEventListener('abort', close)
    close()
  }
}

/** Answers with what went wrong, if anything. */
async function forward(client: PortClient, frames: AsyncIterable<StreamFrame>): Promise<string | undefined> {
  try {
    for await (const { frame } of frames) {
      if (frame?.$case === 'stdout') await client.write(asBuffer(frame.value))
      if (frame?.$case === 'ended') return failureIn(frame.value.status)
    }
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

function failureIn(statusJson: Uint8Array): string | undefined {
  if (statusJson.length === 0) return undefined
  const text = asBuffer(statusJson).toString('utf8')
  try {
    const status = JSON.parse(text) as { readonly status?: string; readonly message?: string }
    return status.status === 'Success' ? undefined : (status.message ?? 'unknown error')
  } catch {
    return text
  }
}
