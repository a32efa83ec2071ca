/** In which order pods are given up when there are too many, as `controller.ActivePodsWithRanks` of Kubernetes. PURE. */
import type { ContainerStatus, Pod } from '../../../shared/model/gen/api.ts'
import { parseTime } from '../../../shared/model/time.ts'
import { isReady, readySinceMs } from './pod-state.ts'

export interface Ranked {
  readonly pod: Pod
  /** How many related active pods share its node. */
  readonly rank: number
}

const PHASES: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/** Negative: `a` goes before `b`. */
export function byDispensability(nowMs: number): (a: Ranked, b: Ranked) => number {
  const steps: ReadonlyArray<(a: Ranked, b: Ranked) => number> = [
    (a, b) => Number(Boolean(a.pod.spec?.nodeName)) - Number(Boolean(b.pod.spec?.nodeName)),
    (a, b) => (PHASES[a.pod.status?.phase ?? ''] ?? 0) - (PHASES[b.pod.status?.phase ?? ''] ?? 0),
    (a, b) => Number(isReady(a.pod)) - Number(isReady(b.pod)),
    (a, b) => deletionCost(a.pod) - deletionCost(b.pod),
    (a, b) => b.rank - a.rank,
    (a, b) => (isReady(a.pod) && isReady(b.pod) ? laterFirst({ a, b, nowMs, timeOf: readySinceMs }) : 0),
    (a, b) => restarts(b.pod.status?.containerStatuses) - restarts(a.pod.status?.containerStatuses),
    (a, b) => restarts(b.pod.status?.initContainerStatuses) - restarts(a.pod.status?.initContainerStatuses),
    (a, b) => laterFirst({ a, b, nowMs, timeOf: createdMs }),
  ]
  return (a, b) => {
    for (const step of steps) {
      const order = step(a, b)
      if (order !== 0) return order
    }
    return 0
  }
}

const createdMs = (pod: Pod): number => parseTime(pod.metadata.creationTimestamp) ?? 0

/** `controller.kubernetes.io/pod-deletion-cost`: the cheaper goes first; nonsense counts as 0. */
function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? ''
  return /^-?\d+$/.test(text) ? Number(text) : 0
}

const restarts = (statuses: ReadonlyArray<ContainerStatus> | undefined): number => Math.max(0, ...(statuses ?? []).map((status) => status.restartCount ?? 0))

interface Times extends Readonly<Record<'a' | 'b', Ranked>> {
  readonly nowMs: number
  timeOf(pod: Pod): number
}

/** The younger goes first, but ages are told apart only by powers of two, so that not always the newest node loses; then by uid. */
function laterFirst({ a, b, nowMs, timeOf }: Times): number {
  const [left, right] = [timeOf(a.pod), timeOf(b.pod)]
  if (left === right) return 0
  if (left === 0 || right === 0) return left === 0 ? -1 : 1
  return ageBucket(nowMs - left) - ageBucket(nowMs - right) || compareText(a.pod.metadata.uid ?? '', b.pod.metadata.uid ?? '')
}

const ageBucket = (ageMs: number): number => (ageMs > 0 ? Math.floor(Math.log2(ageMs * 1e6)) : -1)
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Ranks each pod by how many of `related` (the active pods of all replica sets with the same owner) share its node. */
export function rankByNode(pods: readonly Pod[], related: readonly Pod[]): readonly Ranked[] {
  const onNode = new Map<string, number>()
  for (const { spec } of related) if (spec?.nodeName) onNode.set(spec.nodeName, (onNode.get(spec.nodeName) ?? 0) + 1)
  return pods.map((pod) => ({ pod, rank: onNode.get(pod.spec?.nodeName ?? '') ?? 0 }))
}
