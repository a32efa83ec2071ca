/** Pods that were to be disrupted and were not: after two minutes nobody shall believe it any more. PURE. */
import type { Pod, PodCondition } from '../../../shared/model/gen/api.ts'
import { formatTime, parseTime } from '../../../shared/model/time.ts'
import { isActive, podCondition } from '../pod-control/pod-state.ts'

const TYPE = 'DisruptionTarget'
const STALE_MS = 120_000

/** How long what was announced may still happen; `undefined`: nothing is announced. A node takes its own time to end a pod. */
export function disruptionLeftMs(pod: Pod, nowMs: number): number | undefined {
  const condition = podCondition(pod, TYPE)
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet' || !isActive(pod)) return undefined
  return Math.max(0, (parseTime(condition.lastTransitionTime) ?? 0) + STALE_MS - nowMs)
}

export function withoutDisruption(pod: Pod, nowMs: number): Pod {
  const { generation } = pod.metadata
  const over: PodCondition = { type: TYPE, ...(generation !== undefined && { observedGeneration: generation }), status: 'False', lastTransitionTime: formatTime(nowMs) }
  return { ...pod, status: { ...pod.status, conditions: (pod.status?.conditions ?? []).map((one) => (one.type === TYPE ? over : one)) } }
}
