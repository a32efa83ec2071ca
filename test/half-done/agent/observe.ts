import type { PodStatus } from '../../../shared/model/gen/api.ts'
import { nameOf } from '../../../shared/model/meta.ts'
import { CHECKPOINTS } from '../../sim/host.ts'
import type { Machine } from './machine.ts'

/** All there is to see of a machine at rest, without the times at which it came about. */
export interface Observation {
  readonly statuses: Readonly<Record<string, unknown>>
  readonly containers: readonly string[]
  readonly snapshots: readonly string[]
  readonly networks: readonly string[]
  readonly volumes: readonly string[]
  readonly groups: readonly string[]
  readonly files: readonly string[]
  readonly started: readonly string[]
  readonly removed: readonly string[]
}

export async function observe({ host, desk, started }: Machine): Promise<Observation> {
  return {
    statuses: Object.fromEntries([...desk.pods.values()].map((pod) => [nameOf(pod), timeless(pod.status ?? {})])),
    containers: [...host.containers.containers.values()].map(({ spec, state }) => `${spec.id} ${state.kind}${state.kind === 'exited' ? ` ${state.exitCode}` : ''}`).toSorted(),
    snapshots: [...(await host.snapshots.list())].toSorted(),
    networks: [...(await host.network.list())].toSorted(),
    volumes: await volumesOf(host),
    groups: [...host.cgroups.limits].map(([path, limits]) => `${path} ${JSON.stringify(limits)}`).toSorted(),
    files: [...host.files.contents].map(([path, text]) => (path.startsWith(CHECKPOINTS) ? path : `${path} ${text}`)).toSorted(),
    started: started.toSorted(),
    removed: [...desk.told].filter(([, told]) => told.at(-1) === undefined).map(([name]) => name).toSorted(),
  }
}

async function volumesOf(host: Machine['host']): Promise<readonly string[]> {
  return (await host.volumes.list()).flatMap((uid) => [...host.volumes.contents(uid)].map(([name, payload]) => `${uid} ${name} ${[...payload].map(([path, { bytes }]) => `${path}=${Buffer.from(bytes).toString()}`).join(' ')}`)).toSorted()
}

const TIMES = new Set(['startTime', 'startedAt', 'finishedAt', 'lastTransitionTime', 'lastProbeTime'])

/** That a time is there counts, which it is does not. */
function timeless(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(timeless)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, TIMES.has(key) ? 'some time' : timeless(one)]))
}

/** What people saw of a pod, in order, each thing once. */
export function storyOf(told: ReadonlyArray<PodStatus | undefined>): readonly string[] {
  const lines = told.map((status) => (status === undefined ? 'gone' : lineOf(status)))
  return lines.filter((line, at) => line !== lines[at - 1])
}

function lineOf({ phase, conditions = [], initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] }: PodStatus): string {
  const holds = conditions.filter(({ status }) => status === 'True').map(({ type }) => type)
  const containers = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses].map(({ name, restartCount, ready, started, state }) => `${name} ${restartCount}${started === true ? ' started' : ''}${ready ? ' ready' : ''} ${state?.terminated ? `ended ${state.terminated.exitCode}` : state?.running ? 'runs' : (state?.waiting?.reason ?? '')}`)
  return [phase, holds.join('+'), ...containers].join(' | ')
}

/** What one story says that the other does not say in this place: parts of a story may be missed, but nothing be made up. Its last words may come twice. */
export function madeUp(story: readonly string[], truth: readonly string[]): readonly string[] {
  let at = 0
  const last = truth.at(-1) === 'gone' ? truth.slice(-2) : []
  return story.filter((line) => {
    if (last.includes(line) && story.indexOf('gone') >= 0 && story.lastIndexOf(line) > story.indexOf('gone')) return false
    const found = truth.indexOf(line, at)
    if (found < 0) return true
    at = found
    return false
  })
}

const ORDER = ['Pending', 'Running', 'Succeeded', 'Failed']

/** Phases that went back and restart counts that fell. */
export function wentBack(told: ReadonlyArray<PodStatus | undefined>): readonly string[] {
  return told.flatMap((status, at) => {
    const before = told[at - 1]
    if (status === undefined || before === undefined) return []
    const counts = (one: PodStatus): ReadonlyMap<string, number> => new Map([...(one.initContainerStatuses ?? []), ...(one.containerStatuses ?? [])].map(({ name, restartCount }) => [name, restartCount]))
    const now = counts(status)
    const fell = [...counts(before)].filter(([name, count]) => (now.get(name) ?? 0) < count).map(([name]) => `the restart count of ${name} fell`)
    return [...fell, ...(ORDER.indexOf(status.phase ?? '') < ORDER.indexOf(before.phase ?? '') ? [`${before.phase} went back to ${status.phase}`] : [])]
  })
}
