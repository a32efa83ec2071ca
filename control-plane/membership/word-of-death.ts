/** A person's word that a node is dead: the taint that Kubernetes has for it. PURE. */
import { OUT_OF_SERVICE_TAINT } from '../../shared/model/fencing.ts'
import type { Node } from '../../shared/model/gen/api.ts'

/** Who said so, as `gantry node confirm-dead` writes it: `NAME at TIME`. */
export const CONFIRMED_BY = 'gantry.dev/confirmed-dead-by'
/** Beside the taint that this control plane puts on a node itself when it gives it up; both go when the node is back, a moment later. */
const FENCED = 'gantry.dev/fenced'

/** What tells one person's word from another; `undefined`: nobody said anything. */
export function wordOf(node: Node | undefined): string | undefined {
  const taint = node?.spec?.taints?.find(({ key, effect }) => key === OUT_OF_SERVICE_TAINT.key && effect === OUT_OF_SERVICE_TAINT.effect)
  if (node?.metadata.annotations?.[FENCED] !== undefined && node.metadata.annotations[CONFIRMED_BY] === undefined) return undefined
  return taint ? `${taint.timeAdded ?? ''} ${node?.metadata.annotations?.[CONFIRMED_BY] ?? ''}` : undefined
}

export const whoSaid = (node: Node | undefined): string => node?.metadata.annotations?.[CONFIRMED_BY]?.replace(/ at \S+$/, '') ?? 'the taint that somebody put on it'
