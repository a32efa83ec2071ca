import type { LogsRequest } from '../../../proto/gen/node/v1/session.ts'
import type { ContainerStatus } from '../../../shared/model/gen/api.ts'
import type { LogQuery } from '../../logs/port.ts'
import { containerStatus, SCHEME } from '../container-status.ts'
import { containerLogPath } from '../paths.ts'
import type { PodWorker } from '../worker.ts'
import { badRequest, endedFrame, notFound, startedFrame, stderrFrame, stdoutFrame } from './frames.ts'
import { containerFor, runningId, untilEnded, type Frames, type StreamDoor } from './place.ts'

/** `kubectl logs` */
export async function serveLogs(door: StreamDoor, request: LogsRequest, stream: Frames): Promise<void> {
  const worker = request.pod === undefined ? undefined : await door.findPod(request.pod)
  if (worker === undefined) return stream.send(endedFrame(notFound(`pods "${request.pod?.name ?? ''}" not found`)))
  const container = containerFor(worker, request.container)
  if (container === undefined) return stream.send(endedFrame(badRequest(`container ${request.container} is not valid for pod ${worker.pod.metadata.name ?? ''}`)))
  const chosen = chooseAttempt(worker, containerStatus(worker.pod, worker.record, container), request.previous)
  if ('refusal' in chosen) return stream.send(endedFrame(badRequest(chosen.refusal)))
  stream.send(startedFrame)
  await sendLog(door, { worker, name: container.spec.name, id: chosen.id, query: queryOf(request) }, stream)
  stream.send(endedFrame())
}

export interface LogRead {
  readonly worker: PodWorker
  readonly name: string
  /** Of the attempt. */
  readonly id: string
  readonly query: LogQuery
}

/** Sends a log; ends early when the client is gone. */
export async function sendLog({ parts }: StreamDoor, { worker, name, id, query }: LogRead, stream: Frames): Promise<void> {
  const gone = new AbortController()
  if (query.follow) void drain(stream).finally(() => gone.abort(new Error('the client is gone')))
  const path = containerLogPath(parts.config.logFolder, worker.pod, { container: name, attempt: attemptOf(id) })
  const ended = runningId(worker, name) === id ? untilEnded(worker, name, id) : Promise.resolve()
  for await (const { stream: from, bytes } of parts.logs.read(path, query, { ended, signal: gone.signal })) {
    stream.send(from === 'stdout' ? stdoutFrame(bytes) : stderrFrame(bytes))
    await stream.drained?.()
  }
}

async function drain(stream: Frames): Promise<void> {
  try {
    for await (const frame of stream.incoming) void frame
  } catch {
    // The link broke: the same as a client that left.
  }
}

const queryOf = (request: LogsRequest): LogQuery => ({
  follow: request.follow,
  timestamps: request.timestamps,
  stream: request.stream === 'Stdout' || request.stream === 'Stderr' ? request.stream : 'All',
  ...(request.tailLines === undefined ? {} : { tailLines: Number(request.tailLines) }),
  ...(request.limitBytes === undefined ? {} : { limitBytes: Number(request.limitBytes) }),
  ...(request.sinceMs > 0 ? { sinceMs: request.sinceMs } : {}),
})

/** The attempt is the end of the id (`containerId`). */
export const attemptOf = (id: string): number => Number.parseInt(id.slice(48), 16)

type Chosen = { readonly id: string } | { readonly refusal: string }

const PULL_WORDS: Readonly<Record<string, string>> = { ErrImagePull: "image can't be pulled", ImagePullBackOff: 'trying and failing to pull image' }

/** Which attempt's log is meant, by kubelet's rules and in its words. */
function chooseAttempt(worker: PodWorker, status: ContainerStatus, previous: boolean): Chosen {
  const who = `container "${status.name}" in pod "${worker.pod.metadata.name ?? ''}"`
  if (worker.record.rejected !== undefined) return { refusal: `${who} is not available` }
  const idOf = (text: string | undefined): string => (text ?? '').replace(SCHEME, '')
  const last = idOf(status.lastState?.terminated?.containerID)
  if (previous) return last === '' ? { refusal: `previous terminated ${who} not found` } : { id: last }
  const current = idOf(status.containerID)
  if (status.state?.running !== undefined) return { id: current }
  if (status.state?.terminated !== undefined) {
    const id = idOf(status.state.terminated.containerID) || last
    return id === '' ? { refusal: `${who} is terminated` } : { id }
  }
  if (last !== '') return { id: last }
  // While a postStart hook runs the state says waiting, but there is something to read.
  if (runningId(worker, status.name) !== undefined) return { id: current }
  const reason = status.state?.waiting?.reason ?? ''
  return { refusal: `${who} is waiting to start: ${PULL_WORDS[reason] ?? reason}` }
}
