import { assertNever } from '../../shared/model/assert.ts'
import type { ResourceRequirements } from '../../shared/model/gen/api.ts'
import { containerRecord, undeleted, withContainer, withMoment, type ContainerRecord, type ContainerStop, type Ended, type ImageRecord, type PodRecord, type PodStop, type Verdict } from './record.ts'
import { retryDelayMs } from './restart.ts'
import type { NoteStep } from './steps.ts'

/** How records change. Pure. */

/** Takes over a decision of the plan. */
export function applyNote(record: PodRecord, step: NoteStep): PodRecord {
  switch (step.kind) {
    case 'stop-pod':
      return stopPod(record, step.stop, step.verdict)
    case 'stop-container':
      return withContainer(record, step.container, { stop: step.stop })
    case 'note-wait':
      return withContainer(record, step.container, { waiting: { untilMs: step.untilMs, delayMs: step.delayMs } })
    case 'note-pull-wait': {
      const { problem } = containerRecord(record, step.container)
      return problem === undefined ? record : withContainer(record, step.container, { problem: { ...problem, reason: 'ImagePullBackOff', message: step.message } })
    }
    case 'note-restart-all':
      return { ...withContainer(record, step.container, { backoff: step.backoff, waiting: undefined }), restartAll: { isUnderWay: true, hasRun: record.initialized || record.restartAll?.hasRun === true } }
    case 'note-all-down':
      return allDown(record, step.containers)
    case 'note-resize':
      return { ...record, resize: step.resize, ...(step.allocated === undefined ? {} : { allocated: step.allocated }) }
    default:
      return assertNever(step)
  }
}

const ALL_RESTARTING: Ended = { id: '', exitCode: 137, reason: 'RestartingAllContainers', message: 'The container is removed because RestartAllContainers in place', startedMs: 0, finishedMs: 0, isTimeless: true }

/** What has run before counts as ended, and the pod begins with its first container again. */
function allDown(record: PodRecord, names: readonly string[]): PodRecord {
  const begun = names.filter((name) => containerRecord(record, name).now.kind !== 'waiting' || containerRecord(record, name).last !== undefined)
  const anew = begun.reduce((sum, name) => {
    const before = containerRecord(sum, name)
    return withContainer(sum, name, { attempt: before.attempt + 1, now: { kind: 'waiting' }, last: ALL_RESTARTING, leftover: undeleted(before), waiting: undefined, problem: undefined, started: false, ready: false, stop: undefined })
  }, record)
  return { ...anew, initialized: false, restartAll: { isUnderWay: false, hasRun: record.restartAll?.hasRun === true } }
}

/** Begins the end of the pod, or sharpens one that has begun: containers that are stopping get no longer than it allows. */
export function stopPod(record: PodRecord, stop: PodStop, verdict?: Verdict): PodRecord {
  const end = stop.sinceMs + stop.graceMs
  const shorten = (one: ContainerStop): ContainerStop => (record.stop !== undefined && one.sinceMs + one.graceMs > end ? { ...one, graceMs: Math.max(0, end - one.sinceMs), stage: stop.graceMs === 0 && one.stage === 'hook' ? 'term' : one.stage } : one)
  const containers = Object.fromEntries(Object.entries(record.containers).map(([name, one]) => [name, one.stop === undefined ? one : { ...one, stop: shorten(one.stop) }]))
  return { ...record, containers, stop, ...(verdict === undefined ? {} : { verdict }) }
}

/** The next attempt begins: what the last one left is its past. */
export function beginAttempt(record: PodRecord, name: string, { attempt, backoff }: { readonly attempt: number; readonly backoff?: ContainerRecord['backoff'] }): PodRecord {
  const before = containerRecord(record, name)
  const last = before.now.kind === 'exited' ? before.now.ended : before.last
  return withContainer(record, name, { attempt, now: { kind: 'waiting' }, last, leftover: undeleted(before), backoff: backoff ?? before.backoff, waiting: undefined, problem: undefined, started: false, ready: false, stop: undefined })
}

export interface Started {
  readonly id: string
  readonly startedMs: number
  readonly hook: 'none' | 'due'
  readonly user: ContainerRecord['user']
  /** There is no startup probe to wait for; no readiness probe either. */
  readonly started: boolean
  readonly ready: boolean
  readonly isMain: boolean
  readonly applied?: ResourceRequirements | undefined
}

export function containerStarted(record: PodRecord, name: string, start: Started): PodRecord {
  const next = withContainer(record, name, { now: { kind: 'running', id: start.id, startedMs: start.startedMs, hook: start.hook }, user: start.user, problem: undefined, started: start.started, ready: start.ready, applied: start.applied })
  return start.isMain ? withMoment({ ...next, initialized: true }, 'started', start.startedMs) : next
}

/** An attempt has ended, or could not be started at all. */
export function containerExited(record: PodRecord, name: string, ended: Ended): PodRecord {
  const { stop } = containerRecord(record, name)
  const byProbe = stop?.why === 'probe'
  return withContainer(record, name, { now: { kind: 'exited', ended: { ...ended, ...(byProbe ? { byProbe } : {}) }, deleted: ended.id === '' }, started: false, ready: false, stop: stop?.why === 'changed' ? stop : undefined })
}

export function containerDeleted(record: PodRecord, name: string, id: string): PodRecord {
  const { now, leftover = [] } = containerRecord(record, name)
  const rest = { leftover: leftover.filter((one) => one !== id) }
  return withContainer(record, name, now.kind === 'exited' && now.ended.id === id ? { ...rest, now: { ...now, deleted: true } } : rest)
}

export const imageFound = (record: PodRecord, name: string, image: ImageRecord): PodRecord => withContainer(record, name, { image, ...(containerRecord(record, name).problem?.of === 'image' ? { problem: undefined } : {}) })

export interface Trouble {
  readonly of: 'image' | 'container'
  readonly reason: string
  readonly message: string
  readonly nowMs: number
  readonly volumeImage?: string | undefined
}

/** Another try failed; the wait before the next grows. */
export function containerTrouble(record: PodRecord, name: string, { of, reason, message, nowMs, volumeImage }: Trouble): PodRecord {
  const before = containerRecord(record, name).problem
  const failures = (before?.of === of ? before.failures : 0) + 1
  return withContainer(record, name, { problem: { of, reason, message, ...(volumeImage === undefined ? {} : { volumeImage }), failures, sinceMs: nowMs, retryAtMs: nowMs + retryDelayMs(failures) } })
}

export function hookEnded(record: PodRecord, name: string, hook: 'done' | 'failed'): PodRecord {
  const { now } = containerRecord(record, name)
  return now.kind === 'running' ? withContainer(record, name, { now: { ...now, hook } }) : record
}

export function stopStage(record: PodRecord, name: string, change: Partial<ContainerStop>): PodRecord {
  const { stop, now } = containerRecord(record, name)
  return stop === undefined || now.kind !== 'running' ? record : withContainer(record, name, { stop: { ...stop, ...change } })
}
