/** When a pod has to leave its node because of the node's NoExecute taints. PURE. */
import { staysWhenFenced } from '../../../shared/model/fenced-pods.ts'
import { OUT_OF_SERVICE_TAINT } from '../../../shared/model/fencing.ts'
import type { Node, Pod, Taint } from '../../../shared/model/gen/api.ts'
import { parseTime } from '../../../shared/model/time.ts'
import { isSameTaint, tolerates } from '../../../shared/model/toleration.ts'
import { isFinished } from '../pod-control/pod-state.ts'

export type Eviction =
  | { readonly kind: 'stay' }
  | { readonly kind: 'leave'; readonly inMs: number }
  /** Nothing of the node runs any more: the pod is removed without asking it. */
  | { readonly kind: 'remove' }

export interface EvictionView {
  readonly pod: Pod
  readonly node: Node
  /** What the leader knows of the node's life. `'fenced'`: nothing of it runs. `'silent'`: nobody knows. */
  readonly life: 'no-agent' | 'seen' | 'silent' | 'fenced'
  /** When a taint that does not say so itself was first seen. */
  readonly seenMs: (taint: Taint) => number
  readonly nowMs: number
}

/**
 * Without being asked a pod is removed only where nothing of its node runs. Of a node of which nobody knows whether it runs no pod is taken because it is
 * unreachable: it would be given to another node, and live twice.
 */
export function planEviction({ pod, node, life, seenMs, nowMs }: EvictionView): Eviction {
  const taints = (node.spec?.taints ?? []).filter(({ key, effect }) => effect === 'NoExecute' && !(life === 'silent' && AWAITS_VERDICT.has(key)))
  const tolerations = pod.spec?.tolerations ?? []
  const fence = taints.find((taint) => isSameTaint(taint, OUT_OF_SERVICE_TAINT))
  const isDead = life === 'fenced' || (life === 'no-agent' && isDown(node))
  // An agent spares what tolerates its own taint, whatever value this one has.
  const isSpared = life === 'fenced' ? staysWhenFenced(pod) : fence !== undefined && tolerations.some((one) => tolerates(one, fence))
  if (fence && isDead && !isSpared) return { kind: 'remove' }
  if (pod.metadata.deletionTimestamp !== undefined || isFinished(pod)) return { kind: 'stay' }
  const waits = taints.map((taint) => {
    const matching = tolerations.filter((one) => tolerates(one, taint))
    if (matching.length === 0) return 0
    const seconds = matching.flatMap(({ tolerationSeconds }) => (tolerationSeconds === undefined ? [] : Number(tolerationSeconds)))
    return seconds.length === 0 ? Number.POSITIVE_INFINITY : (parseTime(taint.timeAdded) ?? seenMs(taint)) + Math.max(0, Math.min(...seconds)) * 1000 - nowMs
  })
  const firstMs = Math.min(Number.POSITIVE_INFINITY, ...waits)
  return firstMs === Number.POSITIVE_INFINITY ? { kind: 'stay' } : { kind: 'leave', inMs: Math.max(0, firstMs) }
}

/** Say that a node is gone, which for one with an agent the leader decides. */
const AWAITS_VERDICT: ReadonlySet<string> = new Set(['node.kubernetes.io/unreachable', OUT_OF_SERVICE_TAINT.key])

const isDown = (node: Node): boolean => node.status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True'
