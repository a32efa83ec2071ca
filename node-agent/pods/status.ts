import type { ContainerStatus, Pod, PodStatus } from '../../shared/model/gen/api.ts'
import { formatTime } from '../../shared/model/time.ts'
import { isStatic } from '../static-pods/is-static.ts'
import { conditionsOf } from './conditions.ts'
import { containerStatuses } from './container-status.ts'
import { containerRecord, containersOf, type PodRecord } from './record.ts'
import { shouldRestart } from './restart.ts'

/** What of the node a pod's status tells. */
export interface NodeAddresses {
  readonly hostIP: string
}

export interface StatusInput {
  readonly pod: Pod
  readonly record: PodRecord
  readonly node: NodeAddresses
  /** What was said last: a condition that has not changed keeps its time. */
  readonly before: PodStatus | undefined
  readonly nowMs: number
}

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

/** The status of a pod as kubelet would write it. Pure. */
export function podStatus(input: StatusInput): PodStatus {
  const { pod, record, node } = input
  // Nothing of it is left: what it was before that decides its conditions, and it is over in any case (kubelet's status manager, TerminatePod).
  const isOver = record.cleaned && record.rejected === undefined
  const lists = containerStatuses(pod, isOver ? { ...record, cleaned: false } : record)
  const shown = isOver ? containerStatuses(pod, record) : lists
  const verdict = record.rejected ?? (anyAlive(lists) || isEnding(record) ? undefined : record.verdict)
  const before = phaseOf(pod, record, { lists, failed: verdict !== undefined })
  const phase = isOver && before !== 'Succeeded' && !isStatic(pod) ? 'Failed' : before
  const observedGeneration = pod.metadata.generation
  const podIP = pod.spec?.hostNetwork === true ? node.hostIP : record.sandbox.kind === 'ready' || record.sandbox.kind === 'gone' ? record.sandbox.ip : ''
  const started = record.rejected === undefined
  return {
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    phase,
    // A pod that was never taken in loses even the scheduler's: kubelet writes its status anew.
    ...(started ? { conditions: conditionsOf(input, { phase: before, lists }) } : {}),
    ...(verdict === undefined ? {} : { reason: verdict.reason, message: verdict.message }),
    ...(started ? { hostIP: node.hostIP, hostIPs: [{ ip: node.hostIP }] } : {}),
    ...(started && podIP !== '' ? { podIP, podIPs: [{ ip: podIP }] } : {}),
    startTime: formatTime(record.firstSeenMs),
    ...(started && shown.init.length > 0 ? { initContainerStatuses: shown.init } : {}),
    ...(started ? { containerStatuses: shown.main } : {}),
    ...(started && shown.ephemeral.length > 0 ? { ephemeralContainerStatuses: shown.ephemeral } : {}),
    qosClass: pod.status?.qosClass ?? 'BestEffort',
    ...(started ? { resources: pod.spec?.resources ?? {} } : {}),
    ...(started && pod.spec?.resources?.requests !== undefined ? { allocatedResources: pod.spec.resources.requests } : {}),
  }
}

export interface StatusLists {
  readonly init: readonly ContainerStatus[]
  readonly main: readonly ContainerStatus[]
  readonly ephemeral: readonly ContainerStatus[]
}

/** A pod that is ended for a reason has failed when all of it is gone, its network too. */
const isEnding = ({ stop, cleaned }: PodRecord): boolean => stop?.why === 'failed' && !cleaned

/** A pod is not told to be over while anything of it runs: whoever replaces it may start then. */
const anyAlive = ({ init, main }: StatusLists): boolean => [...init, ...main].some((one) => one.state?.running !== undefined)

/** The one word for a pod, by kubelet's rules. */
function phaseOf(pod: Pod, record: PodRecord, { lists, failed }: { readonly lists: StatusLists; readonly failed: boolean }): Phase {
  if (failed) return 'Failed'
  const phase = phaseOfContainers(pod, record, lists)
  if (phase !== 'Succeeded' && phase !== 'Failed') return phase
  return !anyAlive(lists) ? phase : record.initialized ? 'Running' : 'Pending'
}

function phaseOfContainers(pod: Pod, record: PodRecord, { init, main }: StatusLists): Phase {
  const sidecars = new Set(containersOf(pod).filter((one) => one.kind === 'sidecar').map((one) => one.spec.name))
  const stopped = (one: ContainerStatus): boolean => one.state?.terminated !== undefined || (one.state?.waiting !== undefined && one.lastState?.terminated !== undefined)
  if (record.stop !== undefined && !isEnding(record) && main.every((one) => one.state?.terminated !== undefined)) return endOf(main, init.filter((one) => !sidecars.has(one.name)))
  if (!record.initialized) {
    return initHasFailed(pod, record) ? 'Failed' : record.restartAll?.hasRun === true ? 'Running' : 'Pending'
  }
  if (main.some((one) => one.state?.waiting !== undefined && !stopped(one))) return 'Pending'
  if (main.some((one) => one.state?.running !== undefined)) return 'Running'
  return record.stop?.why === 'finished' ? endOf(main, []) : 'Running'
}

/** Whether an init container has failed for good: by its own policy and rules, or the pod's. */
function initHasFailed(pod: Pod, record: PodRecord): boolean {
  if (record.stop === undefined && record.restartAll?.isUnderWay === true) return false
  return containersOf(pod).some((one) => {
    const { now } = containerRecord(record, one.spec.name)
    return one.kind === 'init' && now.kind === 'exited' && now.ended.exitCode !== 0 && !shouldRestart(pod, one, now.ended)
  })
}

const endOf = (main: readonly ContainerStatus[], init: readonly ContainerStatus[]): Phase =>
  main.every((one) => one.state?.terminated?.exitCode === 0) && init.every((one) => one.state?.terminated === undefined || one.state.terminated.exitCode === 0) ? 'Succeeded' : 'Failed'
