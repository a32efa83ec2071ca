import type { ContainerStatus, Pod } from '../../shared/model/gen/api.ts'
import { parseTime } from '../../shared/model/time.ts'
import { containerExited, containerStarted, beginAttempt, hookEnded } from './apply.ts'
import { endedOf, lostContainer } from './ended.ts'
import type { PodParts } from './parts.ts'
import { anyRunning } from './plan.ts'
import { containerId, containerRecord, containersOf, withContainer, type ContainerNow, type PodContainer, type PodRecord } from './record.ts'

/**
 * Brings a record of before up to date with what is there: containers that run are taken over as they are, those that ended meanwhile have
 * ended, and one that was made in the last moment, before it was noted, is found by its id.
 */
export async function adopt(parts: PodParts, pod: Pod, record: PodRecord): Promise<PodRecord> {
  let adopted = record
  for (const container of containersOf(pod)) {
    adopted = await adoptNoted({ parts, pod, container }, adopted)
    adopted = await adoptUnnoted({ parts, pod, container }, adopted)
  }
  if (adopted.cleaned || adopted.stop !== undefined) return adopted
  // Volumes are prepared again in any case, which finds what is there; so is the sandbox where it is gone (a reboot).
  return { ...adopted, sandbox: (await keepsSandbox(parts, pod, adopted)) ? adopted.sandbox : { kind: 'none' }, volumes: { kind: 'none' } }
}

async function keepsSandbox({ network }: PodParts, pod: Pod, record: PodRecord): Promise<boolean> {
  if (record.sandbox.kind !== 'ready') return false
  return pod.spec?.hostNetwork === true ? anyRunning(pod, record) : (await network.find(pod.metadata.uid ?? '')) !== undefined
}

interface Place {
  readonly parts: PodParts
  readonly pod: Pod
  readonly container: PodContainer
}

async function adoptNoted({ parts, pod, container }: Place, record: PodRecord): Promise<PodRecord> {
  const { name } = container.spec
  const { now, attempt } = containerRecord(record, name)
  if (now.kind !== 'running') return record
  const state = await parts.runtime.state(now.id)
  if (state.kind === 'running') return now.hook === 'due' || now.hook === 'running' ? hookEnded(record, name, 'done') : record
  if (state.kind === 'exited') return containerExited(record, name, await endedOf(parts, { pod, container, id: now.id, attempt, state }))
  // Whatever is left of it must not run beside the next attempt.
  await parts.runtime.delete(now.id)
  return containerExited(record, name, lostContainer(now.id, now.startedMs, parts.clock.nowMs()))
}

/** The attempt that comes next by the record may exist already. */
async function adoptUnnoted({ parts, pod, container }: Place, record: PodRecord): Promise<PodRecord> {
  const { name } = container.spec
  const before = containerRecord(record, name)
  if (before.now.kind === 'running') return record
  const attempt = before.now.kind === 'exited' ? before.attempt + 1 : before.attempt
  const id = containerId(pod.metadata.uid ?? '', name, attempt)
  const state = await parts.runtime.state(id)
  if (state.kind === 'unknown') return record
  const begun = beginAttempt(record, name, { attempt })
  if (state.kind === 'exited') return containerExited(begun, name, await endedOf(parts, { pod, container, id, attempt, state }))
  if (state.kind === 'created') {
    await parts.runtime.delete(id)
    return record
  }
  const { spec } = container
  return containerStarted(begun, name, { id, startedMs: state.startedMs, hook: 'none', user: before.user, started: spec.startupProbe === undefined, ready: spec.readinessProbe === undefined, isMain: container.kind === 'main' })
}

/**
 * A pod of which only the API knows (the state here was lost): what its status told last is where its containers go on from. Whether they still run
 * is for {@link adopt} to find out.
 */
export function seedFromStatus(pod: Pod, record: PodRecord): PodRecord {
  let seeded = record
  const main = new Set((pod.spec?.containers ?? []).map(({ name }) => name))
  for (const status of [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]) {
    const now = nowFromStatus(status)
    if (now === undefined) continue
    seeded = withContainer(seeded, status.name, { attempt: status.restartCount, now, started: status.started === true, ready: status.ready })
    if (main.has(status.name)) seeded = { ...seeded, initialized: true }
  }
  return seeded
}

/** Whether a container may be there. */
export const hasStarted = (record: PodRecord): boolean => Object.values(record.containers).some(({ now }) => now.kind !== 'waiting')

function nowFromStatus({ containerID = '', state, lastState }: ContainerStatus): ContainerNow | undefined {
  const id = containerID.slice(containerID.indexOf('://') + 3)
  if (containerID === '') return undefined
  const ended = state?.terminated ?? (state?.waiting === undefined || state.waiting.reason === 'ContainerCreating' ? undefined : lastState?.terminated)
  if (ended === undefined) return { kind: 'running', id, startedMs: parseTime(state?.running?.startedAt) ?? 0, hook: 'done' }
  const { exitCode, reason = '', message, startedAt, finishedAt } = ended
  return { kind: 'exited', ended: { id, exitCode, reason, ...(message === undefined ? {} : { message }), startedMs: parseTime(startedAt) ?? 0, finishedMs: parseTime(finishedAt) ?? 0 }, deleted: false }
}
