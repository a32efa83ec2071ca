/** Opens what a client wants to stream with, before the client is told that it may leave HTTP. */
import type { StreamFrame } from '../../../proto/gen/node/v1/session.ts'
import { ApiError } from '../../../shared/kit/api-error.ts'
import { Fault } from '../../../shared/kit/faults.ts'
import { sleep, type Clock } from '../../../shared/kit/clock.ts'
import type { Status } from '../../../shared/model/gen/api.ts'
import type { NodeStream } from '../../dispatch/port.ts'
import { internalError } from '../status.ts'
import { IDLE_MS, idleWatch } from './idle.ts'
import { asBuffer, type NodeEnd } from './terminal.ts'

/** A node that says nothing at all for this long is taken at its word later: the client is let in. */
const START_MS = 2_000

/** Resolves when it is under way; throws `ApiError` when it ended before it began, so that the client gets a plain answer. */
export async function startedStream(node: NodeStream, { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal }): Promise<NodeEnd> {
  const iterator = node.incoming[Symbol.asyncIterator]()
  const first = iterator.next()
  // Seen by whoever reads on; nobody may, if the client goes first.
  first.catch(() => {})
  const waiting = new AbortController()
  const waited = sleep(clock, START_MS, waiting.signal).catch(() => {})
  const outcome = await Promise.race([first, waited])
  waiting.abort()
  const early = outcome?.done === false ? outcome.value.frame : undefined
  if (early?.$case === 'ended' && early.value.status.length > 0) {
    const refused = refusalOf(early.value.status)
    if (refused) {
      node.close()
      throw refused
    }
  }
  return unlessIdle({ node, frames: resumed(first, iterator), signal }, clock)
}

/** Ends the stream, with a word, when nothing has passed for too long in either direction. */
export function unlessIdle({ node, frames, signal }: NodeEnd, clock: Clock): NodeEnd {
  let isIdle = false
  const idle = idleWatch(clock, IDLE_MS, () => {
    isIdle = true
    node.close()
  })
  const heard = async function* (): AsyncGenerator<StreamFrame> {
    try {
      for await (const frame of frames) {
        idle.heard()
        yield frame
      }
      if (isIdle) throw new Fault('timeout', `nothing passed for ${IDLE_MS / 3_600_000} hours, and the stream was closed`)
    } finally {
      idle.stop()
    }
  }
  const send = (frame: StreamFrame): void => {
    idle.heard()
    node.send(frame)
  }
  return { node: { ...node, send, incoming: node.incoming, close: () => (idle.stop(), node.close()) }, frames: heard(), signal }
}

async function* resumed(first: Promise<IteratorResult<StreamFrame>>, iterator: AsyncIterator<StreamFrame>): AsyncGenerator<StreamFrame> {
  try {
    for (let next = await first; !next.done; next = await iterator.next()) yield next.value
  } finally {
    await iterator.return?.()
  }
}

/** A command that could run and failed at once is no refusal: its exit code belongs into the error channel. */
function refusalOf(statusJson: Uint8Array): ApiError | undefined {
  try {
    const status = JSON.parse(asBuffer(statusJson).toString('utf8')) as Status
    if (status.status === 'Success' || status.reason === 'NonZeroExitCode') return undefined
    return new ApiError({ kind: 'Status', apiVersion: 'v1', ...status, metadata: {}, code: status.code ?? 500 })
  } catch {
    return internalError('the node answered with something that is no status')
  }
}
