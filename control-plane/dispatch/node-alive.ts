import { Fault } from '../../shared/kit/faults.ts'
import type { Node } from '../../shared/model/gen/api.ts'
import type { Informer } from '../informers/port.ts'
import type { NodeLiveness } from './liveness-port.ts'
import { AGENT_ANNOTATION } from './node-intake.ts'

export interface AliveSources {
  /** The leader's own, where this replica leads. */
  readonly liveness: NodeLiveness | undefined
  readonly nodes: Informer<Node>
}

/** Whether the node's agent gives signs of life: the leader knows, the others read what it wrote. @throws Fault('unavailable') before the nodes are known. */
export function isNodeAlive(nodeName: string, { liveness, nodes }: AliveSources): boolean {
  if (liveness) return liveness.stateOf(nodeName).kind === 'seen'
  if (!nodes.hasSynced()) throw new Fault('unavailable', 'this control plane is only just starting: ask again')
  const node = nodes.get(nodeName)
  return node?.metadata.annotations?.[AGENT_ANNOTATION] !== undefined && node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
}
