import type { Container, ContainerStateTerminated, ContainerStatus, Pod } from '../../shared/model/gen/api.ts'
import { parseTime } from '../../shared/model/time.ts'
import { allocatedPod, allocationToldOf } from './allocation.ts'
import { containerExited, containerStarted, beginAttempt } from './apply.ts'
import { resolveUser } from '../runtime/oci-user.ts'
import { endedOf, lostContainer } from './ended.ts'
import type { PodParts } from './parts.ts'
import { attemptsAmong, containerId, containerRecord, containersOf, withContainer, type ContainerNow, type ContainerRecord, type Ended, type PodContainer, type PodRecord } from './record.ts'
import { nextStart } from './restart.ts'
import { imageRecord } from './step-prepare.ts'

/**
 * Brings a record of before up to date with what is there: containers that run are taken over as they are, those that ended meanwhile have
 * ended, and one that was made in the last moment, before it was noted, is found by its id.
 */
export async function adopt(parts: PodParts, wished: Pod, record: PodRecord): Promise<PodRecord> {
  let adopted: PodRecord = { ...record, allocated: record.allocated ?? allocationToldOf(wished) }
  const pod = allocatedPod(wished, adopted.allocated)
  await sweepUnfinished(parts, pod)
  const ids = await parts.runtime.list()
  for (const container of containersOf(pod)) {
    adopted = await adoptNoted({ parts, pod, container, ids }, adopted)
    adopted = await adoptUnnoted({ parts, pod, container, ids }, adopted)
  }
  if (adopted.cleaned || adopted.stop !== undefined) return adopted
  // Sandbox and volumes are prepared again where the sandbox is gone (a reboot), which finds what is there.
  return (await keepsSandbox(parts, pod, adopted)) ? adopted : { ...adopted, sandbox: { kind: 'none' }, volumes: { kind: 'none' } }
}

/** Files that an agent was writing when it was killed. */
async function sweepUnfinished({ files, volumes }: PodParts, pod: Pod): Promise<void> {
  const folder = volumes.podFolder(pod.metadata.uid ?? '')
  const folders = [folder, ...containersOf(pod).map(({ spec }) => `${folder}/containers/${spec.name}`)]
  for (const one of folders) for (const name of await files.names(one)) if (name.endsWith('.tmp')) await files.remove(`${one}/${name}`)
}

async function keepsSandbox({ network, cgroups }: PodParts, pod: Pod, record: PodRecord): Promise<boolean> {
  const uid = pod.metadata.uid ?? ''
  if (record.sandbox.kind !== 'ready') return false
  return pod.spec?.hostNetwork === true ? (await cgroups.list()).includes(uid) : (await network.find(uid)) !== undefined
}

interface Place {
  readonly parts: PodParts
  readonly pod: Pod
  readonly container: PodContainer
  /** Of all containers here. */
  readonly ids: readonly string[]
}

async function adoptNoted({ parts, pod, container }: Place, record: PodRecord): Promise<PodRecord> {
  const { name } = container.spec
  const { now, attempt } = containerRecord(record, name)
  if (now.kind !== 'running') return record
  const state = await parts.runtime.state(now.id)
  // Its hook, if it was due, is run again: nobody knows how far it came.
  if (state.kind === 'running') return record
  if (state.kind === 'exited') return containerExited(record, name, await endedOf(parts, { pod, container, id: now.id, attempt, state }))
  // Whatever is left of it must not run beside the next attempt.
  await parts.runtime.delete(now.id)
  return containerExited(record, name, lostContainer(now.id, now.startedMs, parts.clock.nowMs()))
}

/** Later attempts than the record tells of may exist: the last one counts, and nothing is to be left of those before it. */
async function adoptUnnoted({ parts, pod, container, ids }: Place, record: PodRecord): Promise<PodRecord> {
  const { name } = container.spec
  const uid = pod.metadata.uid ?? ''
  const before = containerRecord(record, name)
  if (before.now.kind === 'running') return record
  const next = before.now.kind === 'exited' ? before.attempt + 1 : before.attempt
  const unnoted = attemptsAmong(ids, uid, name).filter((one) => one >= next)
  const attempt = unnoted.at(-1)
  if (attempt === undefined) return record
  for (const earlier of unnoted.slice(0, -1)) await parts.runtime.delete(containerId(uid, name, earlier))
  const id = containerId(uid, name, attempt)
  const state = await parts.runtime.state(id)
  if (state.kind === 'created' || state.kind === 'unknown') {
    await parts.runtime.delete(id)
    return record
  }
  const { user, image } = await madeFrom({ parts, pod, container, ids }, id)
  const begun = withContainer(beginAttempt(record, name, { attempt, ...backoffOf(before, state.startedMs) }), name, { user, image: before.image ?? image })
  if (state.kind === 'exited') return containerExited(begun, name, await endedOf(parts, { pod, container, id, attempt, state }))
  const { spec } = container
  const hook = spec.lifecycle?.postStart === undefined ? 'none' : 'due'
  return containerStarted(begun, name, { id, startedMs: state.startedMs, hook, user, started: spec.startupProbe === undefined, ready: spec.readinessProbe === undefined, isMain: container.kind === 'main', applied: spec.resources ?? {} })
}

/** Restarts go on being counted for the next wait, as if this one had been noted. */
function backoffOf(before: ContainerRecord, startedMs: number): Partial<Pick<ContainerRecord, 'backoff'>> {
  if (before.now.kind !== 'exited' || before.stop?.why === 'changed') return {}
  const next = nextStart(before, before.now.ended, startedMs)
  return next.kind === 'now' ? { backoff: next.backoff } : {}
}

/** What its start would have noted of a container. */
async function madeFrom({ parts: { images, snapshots, files }, pod, container: { spec } }: Place, id: string): Promise<Pick<ContainerRecord, 'user' | 'image'>> {
  const image = await images.find(spec.image ?? '')
  if (image === undefined) return {}
  const { rootfs } = await snapshots.prepare(id, image.layers)
  const result = resolveUser({ pod, container: spec, imageUser: image.config.user, database: await files.users(rootfs) })
  return { image: imageRecord(spec.image ?? '', image), ...(result.kind === 'user' ? { user: result.user } : {}) }
}

/**
 * A pod of which only the API knows (the state here was lost): what its status told last is where its containers go on from. Whether they still run
 * is for {@link adopt} to find out.
 */
export function seedFromStatus(pod: Pod, record: PodRecord): PodRecord {
  let seeded = record
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {}
  const told = new Map([...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses].map((status) => [status.name, status]))
  for (const { spec, kind } of containersOf(pod)) {
    const status = told.get(spec.name)
    const now = status === undefined ? undefined : nowFromStatus(status, spec)
    if (status === undefined) continue
    if (now === undefined) {
      // It waits for its next start, of which nothing is there yet.
      const before = status.lastState?.terminated
      if (before !== undefined) seeded = withContainer(seeded, spec.name, { attempt: status.restartCount, last: endedFrom(before) })
      continue
    }
    // What no probe tells of is so from the start.
    const runs = now.kind === 'running'
    const before = runs ? status.lastState?.terminated : undefined
    seeded = withContainer(seeded, spec.name, { attempt: status.restartCount, now, ...(runs && status.resources !== undefined ? { applied: status.resources } : {}), last: before && endedFrom(before), started: runs && (spec.startupProbe === undefined || status.started === true), ready: runs && (spec.readinessProbe === undefined || status.ready) })
    if (kind === 'main') seeded = { ...seeded, initialized: true }
  }
  const restarting = pod.status?.conditions?.find(({ type }) => type === 'AllContainersRestarting')
  return restarting === undefined ? seeded : { ...seeded, restartAll: { isUnderWay: restarting.status === 'True', hasRun: pod.status?.phase === 'Running' } }
}

/** Whether a container may be there. */
export const hasStarted = (record: PodRecord): boolean => Object.values(record.containers).some(({ now, attempt }) => now.kind !== 'waiting' || attempt > 0)

function nowFromStatus({ containerID = '', state, lastState }: ContainerStatus, { lifecycle }: Container): ContainerNow | undefined {
  const id = containerID.slice(containerID.indexOf('://') + 3)
  if (containerID === '') return undefined
  const ended = state?.terminated ?? (state?.waiting === undefined || state.waiting.reason === 'ContainerCreating' ? undefined : lastState?.terminated)
  if (ended === undefined) return { kind: 'running', id, startedMs: parseTime(state?.running?.startedAt) ?? 0, hook: state?.running === undefined && lifecycle?.postStart !== undefined ? 'due' : 'done' }
  return { kind: 'exited', ended: endedFrom(ended, id), deleted: false }
}

const endedFrom = ({ containerID = '', exitCode, reason = '', message, startedAt, finishedAt }: ContainerStateTerminated, id = containerID.slice(containerID.indexOf('://') + 3)): Ended => ({
  id,
  exitCode,
  reason,
  ...(message === undefined ? {} : { message }),
  startedMs: parseTime(startedAt) ?? 0,
  finishedMs: parseTime(finishedAt) ?? 0,
  ...(parseTime(finishedAt) === undefined ? { isTimeless: true } : {}),
})
