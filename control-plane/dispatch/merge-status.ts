import type { Node, NodeCondition, Pod, PodCondition, PodStatus } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { formatTime } from '../../shared/model/time.ts'
import { NODE_CONDITIONS } from './assignments.ts'

const isFinal = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed'

/**
 * The stored status with what the node reports: conditions of others stay, an unchanged condition keeps its times, a phase never moves back and a pod that is over stays what it became (a machine
 * that takes a name over from another of that name knows only what it did itself).
 * What the node dates in the future (its wall clock is wrong) is dated now: else a pod would count as available only when that time has come.
 * `undefined` if nothing changes. `nowMs`: wall time.
 */
export function mergePodStatus(pod: Pod, reported: PodStatus, nowMs: number): PodStatus | undefined {
  const stored = pod.status ?? {}
  if (isFinal(stored.phase) && reported.phase !== stored.phase) return undefined
  const told = new Set((reported.conditions ?? []).map(({ type }) => type))
  const foreign = (stored.conditions ?? []).filter(({ type }) => !NODE_CONDITIONS.has(type) && !told.has(type))
  const own = (reported.conditions ?? []).map((condition) => notAhead(keepTransition(stored.conditions, condition), nowMs))
  const merged: PodStatus = {
    ...reported,
    ...(stored.phase === 'Running' && reported.phase === 'Pending' && { phase: stored.phase }),
    ...(stored.nominatedNodeName !== undefined && { nominatedNodeName: stored.nominatedNodeName }),
    ...(stored.resourceClaimStatuses !== undefined && { resourceClaimStatuses: stored.resourceClaimStatuses }),
    qosClass: stored.qosClass ?? reported.qosClass,
    startTime: stored.startTime ?? reported.startTime,
    conditions: [...foreign, ...own],
  }
  return deepEqual(merged, stored) ? undefined : merged
}

function keepTransition(stored: readonly PodCondition[] | undefined, condition: PodCondition): PodCondition {
  const before = stored?.find((one) => one.type === condition.type)
  return before?.status === condition.status && before.lastTransitionTime !== undefined ? { ...condition, lastTransitionTime: before.lastTransitionTime } : condition
}

function notAhead(condition: PodCondition, nowMs: number): PodCondition {
  const { lastTransitionTime } = condition
  return lastTransitionTime !== undefined && Date.parse(lastTransitionTime) > nowMs ? { ...condition, lastTransitionTime: formatTime(nowMs) } : condition
}

/** The node's status with what its agent reports; conditions the agent does not know of stay. */
export function mergeNodeStatus(node: Node, reported: NonNullable<Node['status']>): Node['status'] | undefined {
  const stored = node.status ?? {}
  const known = new Set((reported.conditions ?? []).map((condition) => condition.type))
  const own = (reported.conditions ?? []).map((condition): NodeCondition => {
    const before = stored.conditions?.find((one) => one.type === condition.type)
    return before?.status === condition.status && before.lastTransitionTime !== undefined ? { ...condition, lastTransitionTime: before.lastTransitionTime } : condition
  })
  const merged = { ...stored, ...reported, conditions: [...own, ...(stored.conditions ?? []).filter((condition) => !known.has(condition.type))] }
  return deepEqual(merged, stored) ? undefined : merged
}
