import type { Pod } from '../../shared/model/gen/api.ts'
import { containerExited, containerStarted, beginAttempt, hookEnded } from './apply.ts'
import { endedOf, lostContainer } from './ended.ts'
import type { PodParts } from './parts.ts'
import { anyRunning } from './plan.ts'
import { containerId, containerRecord, containersOf, withContainer, type PodContainer, type PodRecord } from './record.ts'

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

/** A pod of which only the API knows (the state here was lost): restart counts go on from what its status says. */
export function seedFromStatus(pod: Pod, record: PodRecord): PodRecord {
  let seeded = record
  for (const status of [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]) {
    const started = status.containerID !== undefined && status.containerID !== ''
    if (started) seeded = withContainer(seeded, status.name, { attempt: status.restartCount + 1 })
  }
  return seeded
}
