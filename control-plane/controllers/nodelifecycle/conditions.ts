/** What the control plane says of a node that says nothing itself. PURE. */
import type { Node, NodeCondition } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'

export const findNodeCondition = (node: Node, type: string): NodeCondition | undefined => node.status?.conditions?.find((condition) => condition.type === type)

const WATCHED = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']
/** Ours alone: of a node that never said it nothing is said. */
const OWN = ['PeersReachable']

/** The conditions to be written so that each watched one is Unknown; none if they are already. @param words why, for people who look at Ready */
export function unknownConditions(node: Node, nowMs: number, words?: string): readonly NodeCondition[] {
  const now = formatTime(nowMs)
  return [...WATCHED, ...OWN.filter((type) => findNodeCondition(node, type))].flatMap((type): readonly NodeCondition[] => {
    const known = findNodeCondition(node, type)
    const message = (type === 'Ready' ? words : undefined) ?? 'Kubelet stopped posting node status.'
    if (known?.status === 'Unknown') return type === 'Ready' && words !== undefined && known.message !== words ? [{ ...known, message }] : []
    if (known) return [{ ...known, status: 'Unknown', reason: 'NodeStatusUnknown', message, lastTransitionTime: now }]
    const lastHeartbeatTime = node.metadata.creationTimestamp
    return [{ type, status: 'Unknown', reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.', lastHeartbeatTime, lastTransitionTime: now }]
  })
}
