import { messageOf } from '../../../shared/kit/faults.ts'
import { ApiError } from '../../../shared/kit/api-error.ts'
import type { StreamFrame } from '../../../proto/gen/node/v1/session.ts'
import type { Status } from '../../../shared/model/gen/api.ts'
import type { NodeStream } from '../../dispatch/port.ts'
import type { Handler } from '../handlers/context.ts'
import type { ApiResponse } from '../request.ts'
import { checkNode, chooseContainer, openStream, podTarget } from './pod-target.ts'
import { parsePodLogOptions, type PodLogOptions } from './pod-log-options.ts'
import type { SubresourcePorts } from './ports.ts'

const HEADERS = { 'content-type': 'text/plain' } as const

/** `pods/NAME/log`. */
export const podLogHandler =
  ({ nodeStreams }: SubresourcePorts): Handler =>
  async (context) => {
    const { request, route, parts } = context
    const options = parsePodLogOptions(request.query, route.path.name)
    const target = await podTarget(context)
    const container = chooseContainer(target.pod, options.container)
    if (target.nodeName === '') return { kind: 'body', status: 204, headers: {}, body: '' }
    checkNode(context, target.nodeName)
    const sinceMs = sinceOf(options, parts.clock.nowMs())
    const { follow, previous, timestamps, tailLines, limitBytes, stream } = options
    const logs = { pod: target.ref, container, follow, previous, timestamps, sinceMs, stream, ...(tailLines !== undefined && { tailLines }), ...(limitBytes !== undefined && { limitBytes }) }
    const opened = await openStream(nodeStreams, target.nodeName, { request: { $case: 'logs', value: logs }, signal: request.signal })
    return answerOf(opened)
  }

function sinceOf({ sinceSeconds, sinceTimeMs }: PodLogOptions, nowMs: number): number {
  return sinceTimeMs ?? (sinceSeconds === undefined ? 0 : nowMs - sinceSeconds * 1000)
}

/** Looks at the first frame, so that what cannot begin is still an answer of its own. */
async function answerOf(stream: NodeStream): Promise<ApiResponse> {
  const frames = stream.incoming[Symbol.asyncIterator]()
  const first = await frames.next()
  const refusal = first.done ? undefined : refusalOf(first.value)
  if (refusal) {
    stream.close()
    throw refusal
  }
  return { kind: 'stream', status: 200, headers: HEADERS, chunks: chunksOf(stream, first, frames), interrupted: lastWords('this control plane is shutting down, and the log ended with it: run the command again') }
}

async function* chunksOf(stream: NodeStream, first: IteratorResult<StreamFrame>, frames: AsyncIterator<StreamFrame>): AsyncGenerator<Uint8Array> {
  try {
    for (let next = first; !next.done; next = await frames.next()) {
      const { frame } = next.value
      if (frame?.$case === 'stdout' || frame?.$case === 'stderr') yield frame.value
      if (frame?.$case === 'ended') {
        const refusal = refusalOf(next.value)
        if (refusal) throw refusal
        return
      }
    }
  } catch (error) {
    // A text has no other place for it; that it is no part of the log shows in the connection, which breaks off then.
    yield Buffer.from(lastWords(messageOf(error)))
    throw error
  } finally {
    stream.close()
  }
}

/** On a line of its own. */
const lastWords = (message: string): string => `\nthe log breaks off here: ${message}\n`

/** The agent's last word, when it is a refusal. */
function refusalOf({ frame }: StreamFrame): ApiError | undefined {
  if (frame?.$case !== 'ended' || frame.value.status.length === 0) return undefined
  const status = JSON.parse(Buffer.from(frame.value.status).toString('utf8')) as Status
  return status.status === 'Success' ? undefined : new ApiError({ kind: 'Status', apiVersion: 'v1', ...status, metadata: {}, code: status.code ?? 500 })
}
