/** What becomes of a pod when its node is given up. PURE, and one rule for both halves: the node spares the very pods that the control plane does not replace. */
import { OUT_OF_SERVICE_TAINT } from './fencing.ts'
import type { Pod } from './gen/api.ts'
import { tolerates } from './toleration.ts'

/** It tolerates the taint of fenced nodes: it is neither stopped when the node's right ends, nor replaced. Whatever value the taint has that a person put on the node: of that the node knows nothing. */
export const staysWhenFenced = (pod: Pod): boolean => (pod.spec?.tolerations ?? []).some((one) => tolerates(one, OUT_OF_SERVICE_TAINT))
