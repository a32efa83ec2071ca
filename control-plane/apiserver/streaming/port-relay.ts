/** One forwarded connection: joins the client's data channel with the frames of the node. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import type { NodeStream } from '../../dispatch/port.ts'
import { asBuffer, sendBytes } from './terminal.ts'

export interface PortClient {
  readonly incoming: AsyncIterable<Buffer>
  write(chunk: Buffer): Promise<void>
  /** Closes both channels; a message goes into the error channel before. */
  finish(error: string | undefined): Promise<void>
}

export interface PortOpening {
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal
  /** Reaches the port in the pod's network. */
  openPort(): Promise<NodeStream>
}

/** Runs until either side ends. */
export async function relayPort(client: PortClient, { signal, openPort }: PortOpening): Promise<void> {
  let node: NodeStream
  try {
    node = await openPort()
  } catch (error) {
    return client.finish(isApiError(error) ? error.message : messageOf(error))
  }
  void sendBytes(client.incoming, node)
  const close = (): void => node.close()
  signal.addEventListener('abort', close, { once: true })
  if (signal.aborted) close()
  try {
    await client.finish(await forward(client, node))
  } finally {
    signal.removeEventListener('abort', close)
    close()
  }
}

/** Answers with what went wrong, if anything. */
async function forward(client: PortClient, node: NodeStream): Promise<string | undefined> {
  try {
    for await (const { frame } of node.incoming) {
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
