import type { Pod } from '../../shared/model/gen/api.ts'
import type { ContainerState } from '../runtime/port.ts'
import { whyOutOfMemory } from './oom.ts'
import type { PodParts } from './parts.ts'
import { containerLogPath, terminationLogPath } from './paths.ts'
import type { Ended, PodContainer } from './record.ts'

const MESSAGE_BYTES = 4096
const LOG_MESSAGE = { lines: 80, bytes: 2048 }

export interface EndedInput {
  readonly pod: Pod
  readonly container: PodContainer
  readonly id: string
  readonly attempt: number
  readonly state: Extract<ContainerState, { kind: 'exited' }>
}

/** What there is to tell of an attempt that has ended: the reason by its exit code, and its last words. */
export async function endedOf(parts: PodParts, input: EndedInput): Promise<Ended> {
  const { state, id } = input
  const reason = state.oomKilled ? 'OOMKilled' : state.exitCode === 0 ? 'Completed' : 'Error'
  const [said, outOfMemory] = await Promise.all([lastWords(parts, input), state.oomKilled ? whyOutOfMemory(parts, input.pod, input) : undefined])
  return { id, exitCode: state.exitCode, ...(state.signal === undefined ? {} : { signal: state.signal }), reason, message: said === '' && state.exitCode !== 0 ? outOfMemory : said, ...(outOfMemory === undefined ? {} : { outOfMemory }), startedMs: state.startedMs, finishedMs: state.finishedMs }
}

async function lastWords({ files, volumes, logs, config }: PodParts, { pod, container, attempt, state }: EndedInput): Promise<string> {
  const at = { container: container.spec.name, attempt }
  const written = (await files.readTail(terminationLogPath(volumes.podFolder(pod.metadata.uid ?? ''), at), MESSAGE_BYTES)) ?? ''
  if (written !== '' || state.exitCode === 0 || container.spec.terminationMessagePolicy !== 'FallbackToLogsOnError') return written
  return logs.tail(containerLogPath(config.logFolder, pod, at), LOG_MESSAGE)
}

/** A container the runtime knows nothing of any more: killed with the machine, or its monitor lost. */
export const lostContainer = (id: string, startedMs: number, nowMs: number): Ended => ({ id, exitCode: 137, reason: 'ContainerStatusUnknown', message: 'The container could not be located when the pod was terminated', startedMs, finishedMs: nowMs })
