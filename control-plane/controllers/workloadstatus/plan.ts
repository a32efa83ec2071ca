/** What is there of workloads whose controllers make no pods yet. PURE. */
import type { DaemonSet, DaemonSetStatus, Job, JobCondition, JobStatus, Node, Pod, PodSpec, StatefulSet, StatefulSetStatus, Toleration } from '../../../shared/model/gen/api.ts'
import { matchesLabels } from '../../../shared/model/label-selector.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { nodeSelectorMatches } from '../../../shared/model/node-selector.ts'
import { isTolerated } from '../../scheduler/core/match.ts'
import { availabilityOf, isActive, isReady } from '../pod-control/pod-state.ts'

/** @param pods those it controls. */
export function statefulSetStatus(set: StatefulSet, pods: readonly Pod[], nowMs: number): StatefulSetStatus {
  const there = pods.filter(isActive)
  const ready = there.filter(isReady).length
  return {
    ...set.status,
    ...counted({ observedGeneration: set.metadata.generation ?? 0, readyReplicas: ready }),
    replicas: there.length,
    availableReplicas: available(there, set.spec?.minReadySeconds, nowMs),
    collisionCount: set.status?.collisionCount ?? 0,
  }
}

const available = (pods: readonly Pod[], minReadySeconds: number | undefined, nowMs: number): number => pods.filter((pod) => availabilityOf(pod, minReadySeconds ?? 0, nowMs).kind === 'available').length

/** Counts of 0 are left out. */
const counted = (counts: Readonly<Record<string, number>>): Readonly<Record<string, number | undefined>> => Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count === 0 ? undefined : count]))

export interface DaemonView {
  readonly set: DaemonSet
  /** Those it controls. */
  readonly pods: readonly Pod[]
  readonly nodes: Iterable<Node>
  readonly nowMs: number
}

export function daemonSetStatus({ set, pods, nodes, nowMs }: DaemonView): DaemonSetStatus {
  const wanted = new Set([...nodes].filter((node) => shouldRun(set, node)).map((node) => node.metadata.name ?? ''))
  const nodesOf = (some: readonly Pod[]): ReadonlySet<string> => new Set(some.filter(isActive).flatMap(({ spec }) => (spec?.nodeName ? [spec.nodeName] : [])))
  const [occupied, ready] = [nodesOf(pods), nodesOf(pods.filter(isReady))]
  const served = nodesOf(pods.filter((pod) => availabilityOf(pod, set.spec?.minReadySeconds ?? 0, nowMs).kind === 'available'))
  const among = (some: ReadonlySet<string>): number => [...some].filter((name) => wanted.has(name)).length
  return {
    ...set.status,
    currentNumberScheduled: among(occupied),
    numberMisscheduled: occupied.size - among(occupied),
    desiredNumberScheduled: wanted.size,
    numberReady: among(ready),
    ...counted({ observedGeneration: set.metadata.generation ?? 0, numberAvailable: among(served), numberUnavailable: wanted.size - among(served) }),
  }
}

/** What every daemon puts up with. */
const patience: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  ...['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map((name) => ({ key: `node.kubernetes.io/${name}`, operator: 'Exists', effect: 'NoSchedule' })),
]

function shouldRun({ spec }: DaemonSet, node: Node): boolean {
  const pod: Partial<PodSpec> = spec?.template?.spec ?? {}
  const { name = '', labels = {} } = node.metadata
  if (pod.nodeName !== undefined && pod.nodeName !== '' && pod.nodeName !== name) return false
  const selector = pod.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (!matchesLabels(pod.nodeSelector, labels) || (selector && !nodeSelectorMatches(selector, { name, labels }))) return false
  const tolerations = [...(pod.tolerations ?? []), ...patience]
  return (node.spec?.taints ?? []).every((taint) => taint.effect === 'PreferNoSchedule' || isTolerated(taint, tolerations))
}

const MANAGER = 'kubernetes.io/job-controller'

/** Only whether it is suspended: what a job that is not would do, nobody does yet. */
export function jobStatus({ spec, status = {} }: Job, nowMs: number): JobStatus {
  const suspended = status.conditions?.find(({ type }) => type === 'Suspended')
  const finished = status.conditions?.some((one) => (one.type === 'Complete' || one.type === 'Failed') && one.status === 'True') ?? false
  if (finished || (spec?.managedBy !== undefined && spec.managedBy !== MANAGER)) return status
  const isSuspended = spec?.suspend === true
  if (isSuspended === (suspended?.status === 'True')) return status
  const conditions = status.conditions ?? []
  const condition = suspension(isSuspended, formatTime(nowMs))
  return { ...status, conditions: suspended ? conditions.map((one) => (one === suspended ? condition : one)) : [...conditions, condition], ready: status.ready ?? 0, terminating: status.terminating ?? 0, uncountedTerminatedPods: status.uncountedTerminatedPods ?? {} }
}

const suspension = (isSuspended: boolean, now: string): JobCondition => ({
  type: 'Suspended',
  status: isSuspended ? 'True' : 'False',
  lastProbeTime: now,
  lastTransitionTime: now,
  reason: isSuspended ? 'JobSuspended' : 'JobResumed',
  message: isSuspended ? 'Job suspended' : 'Job resumed',
})
