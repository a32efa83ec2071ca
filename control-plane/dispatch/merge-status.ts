import type { Node, NodeCondition, Pod, PodCondition, PodStatus } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { NODE_CONDITIONS } from './assignments.ts'

const isFinal = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed'

/**
 * The stored status with what the node reports: conditions of others stay, an unchanged condition keeps its times, a final phase never moves back.
 * `undefined` if nothing changes.
 */
export function mergePodStatus(pod: Pod, reported: PodStatus): PodStatus | undefined {
  const stored = pod.status ?? {}
  if (isFinal(stored.phase) && !isFinal(reported.phase)) return undefined
  const foreign = (stored.conditions ?? []).filter((condition) => !NODE_CONDITIONS.has(condition.type))
  const own = (reported.conditions ?? []).map((condition) => keepTransition(stored.conditions, condition))
  const merged: PodStatus = {
    ...reported,
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
