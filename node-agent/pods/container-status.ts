import type { Container, ContainerState, ContainerStateTerminated, ContainerStatus, Pod, VolumeMountStatus } from '../../shared/model/gen/api.ts'
import { utf8Bytes } from '../../shared/model/base64.ts'
import { formatTime } from '../../shared/model/time.ts'
import { readOnlyOf } from './read-only.ts'
import { awaitsPlace, containerRecord, containersOf, type ContainerRecord, type Ended, type PodContainer, type PodRecord } from './record.ts'
import { NEVER } from './never.ts'
import { shouldRestart } from './restart.ts'
import { crashLoopMessage } from './words.ts'

/** How container ids are written in statuses: `gantry://ID`. */
export const SCHEME = 'gantry://'

/** The status of one container. Pure. */
export function containerStatus(pod: Pod, record: PodRecord, container: PodContainer): ContainerStatus {
  const state = containerRecord(record, container.spec.name)
  const shown = shownState(pod, record, container)
  const id = state.now.kind === 'running' ? state.now.id : state.now.kind === 'exited' ? state.now.ended.id : (state.last?.id ?? '')
  const running = state.now.kind === 'running' && shown.state.running !== undefined
  const given = container.spec.resources
  const resources = (state.now.kind === 'running' ? state.applied : undefined) ?? given
  return {
    name: container.spec.name,
    state: shown.state,
    lastState: shown.last === undefined ? {} : { terminated: terminated(shown.last) },
    ready: readyOf(container, state, running),
    restartCount: state.attempt,
    image: state.image?.name ?? container.spec.image ?? '',
    imageID: state.image?.id ?? '',
    ...(id === '' ? {} : { containerID: `${SCHEME}${id}` }),
    ...(container.kind === 'ephemeral' ? {} : { started: running && state.started }),
    // What it was given and what it runs with; before it was created nothing is allocated.
    ...(id === '' ? {} : { ...(given?.requests === undefined ? {} : { allocatedResources: given.requests }), resources: resources ?? {} }),
    ...(id === '' || container.spec.volumeMounts === undefined ? {} : { volumeMounts: container.spec.volumeMounts.map(mountStatus) }),
    ...(state.user === undefined ? {} : { user: { linux: { uid: state.user.uid, gid: state.user.gid, supplementalGroups: state.user.groups } } }),
    ...(container.spec.lifecycle?.stopSignal === undefined ? {} : { stopSignal: container.spec.lifecycle.stopSignal }),
  }
}

function readyOf({ kind }: PodContainer, state: ContainerRecord, running: boolean): boolean {
  if (kind === 'init') return state.now.kind === 'exited' && state.now.ended.exitCode === 0
  if (kind === 'ephemeral') return false
  return running && state.started && state.ready
}

const mountStatus = (mount: NonNullable<Container['volumeMounts']>[number]): VolumeMountStatus => ({
  name: mount.name,
  mountPath: mount.mountPath,
  ...(mount.readOnly === true ? { readOnly: true, recursiveReadOnly: readOnlyOf(mount) === 'recursive' ? 'Enabled' : 'Disabled' } : {}),
})

interface Shown {
  readonly state: ContainerState
  readonly last: Ended | undefined
}

/** The state people see. One that waits for its next attempt is `waiting` with a reason, and how it ended is its last state. */
function shownState(pod: Pod, record: PodRecord, container: PodContainer): Shown {
  const state = containerRecord(record, container.spec.name)
  const { now, last, problem } = state
  switch (now.kind) {
    case 'running':
      return now.hook === 'due' || now.hook === 'running' ? { state: { waiting: { reason: 'ContainerCreating' } }, last } : { state: { running: { startedAt: formatTime(now.startedMs) } }, last }
    case 'waiting':
      return { state: isLost(pod, record, container) ? LOST : waitingState(pod, awaitsPlace(record) ? undefined : problem), last }
    case 'exited': {
      const reason = record.stop === undefined && shouldRestart(pod, container, now.ended) ? waitingReason(pod, container, state) : undefined
      return reason === undefined ? { state: { terminated: terminated(now.ended) }, last } : { state: { waiting: reason }, last: now.ended }
    }
  }
}

const LOST: ContainerState = { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message: 'The container could not be located when the pod was terminated' } }

/** Whether a container that never ran is told as lost, its pod being over: where its turn had come. One whose turn never came goes on waiting (kubelet's status manager, TerminatePod). */
function isLost(pod: Pod, record: PodRecord, { kind, spec }: PodContainer): boolean {
  if (!record.cleaned || record.rejected !== undefined || kind === 'ephemeral') return false
  if (kind === 'main') return hasInitialized(pod, record)
  const row = initRow(pod)
  return row.slice(row.findIndex((one) => one.spec.name === spec.name) + 1).some((one) => containerRecord(record, one.spec.name).now.kind !== 'waiting')
}

const initRow = (pod: Pod): readonly PodContainer[] => containersOf(pod).filter(({ kind }) => kind === 'init' || kind === 'sidecar')

/** Whether the turn of the main containers had come: one has started, or nothing was left to do before them. */
function hasInitialized(pod: Pod, record: PodRecord): boolean {
  const final = initRow(pod).at(-1)
  if (record.initialized || final === undefined) return true
  const { now, last, started } = containerRecord(record, final.spec.name)
  if (final.kind === 'sidecar') return now.kind === 'running' && started
  return (now.kind === 'exited' && now.ended.exitCode === 0) || last?.exitCode === 0
}

function waitingState(pod: Pod, problem: ContainerRecord['problem']): ContainerState {
  if (problem !== undefined) return { waiting: { reason: problem.reason, ...(problem.message === '' ? {} : { message: problem.message }) } }
  return { waiting: { reason: (pod.spec?.initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating' } }
}

/** Why the next attempt waits; a container of the init row that exited 0 shows its end, as kubelet shows it. */
function waitingReason(pod: Pod, { kind, spec }: PodContainer, state: ContainerRecord): { readonly reason: string; readonly message: string } | undefined {
  if (state.now.kind !== 'exited') return undefined
  if (kind !== 'main' && state.now.ended.exitCode === 0) return undefined
  if (state.problem !== undefined) return { reason: state.problem.reason, message: state.problem.message }
  if (state.waiting !== undefined) return { reason: 'CrashLoopBackOff', message: crashLoopMessage(pod, spec.name, state.waiting.delayMs) }
  return state.now.ended.reason === 'StartError' ? { reason: 'RunContainerError', message: state.now.ended.message ?? '' } : undefined
}

function terminated(ended: Ended): ContainerStateTerminated {
  return {
    exitCode: ended.exitCode,
    ...(ended.signal === undefined ? {} : { signal: ended.signal }),
    reason: ended.reason,
    ...(ended.message === undefined || ended.message === '' ? {} : { message: ended.message }),
    startedAt: ended.isTimeless === true ? NEVER : formatTime(ended.startedMs),
    finishedAt: ended.isTimeless === true ? NEVER : formatTime(ended.finishedMs),
    ...(ended.id === '' ? {} : { containerID: `${SCHEME}${ended.id}` }),
  }
}

/** As much of a text as fits into so many bytes of UTF-8. */
function firstBytes(text: string, bytes: number): string {
  let left = bytes
  let kept = ''
  for (const char of text) {
    left -= utf8Bytes(char).byteLength
    if (left < 0) break
    kept += char
  }
  return kept
}

const byName = (a: ContainerStatus, b: ContainerStatus): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

/** Termination messages of one pod together hold at most so much, in equal parts. */
const ALL_MESSAGES_BYTES = 12 * 1024

function cutMessage(status: ContainerStatus, bytes: number): ContainerStatus {
  const terminated = status.state?.terminated
  if (terminated?.message === undefined || terminated.message.length * 3 <= bytes) return status
  return { ...status, state: { terminated: { ...terminated, message: firstBytes(terminated.message, bytes) } } }
}

/** The three lists of a status: init containers in the order of the spec, the others by name. */
export function containerStatuses(pod: Pod, record: PodRecord): { readonly init: readonly ContainerStatus[]; readonly main: readonly ContainerStatus[]; readonly ephemeral: readonly ContainerStatus[] } {
  const share = Math.floor(ALL_MESSAGES_BYTES / Math.max(1, containersOf(pod).length))
  const of = (kinds: ReadonlyArray<PodContainer['kind']>): readonly ContainerStatus[] => containersOf(pod).filter(({ kind }) => kinds.includes(kind)).map((one) => cutMessage(containerStatus(pod, record, one), share))
  return { init: of(['init', 'sidecar']), main: [...of(['main'])].sort(byName), ephemeral: [...of(['ephemeral'])].sort(byName) }
}
