import { OUT_OF_SERVICE_TAINT } from '../../shared/model/fencing.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { tolerates } from '../../shared/model/toleration.ts'
import type { PodRight } from '../fencing/port.ts'

/** A pod that tolerates the taint of fenced nodes is not replaced when its node is given up, so it is not stopped either when the node's right ends. */
export const isExempt = (pod: Pod): boolean => (pod.spec?.tolerations ?? []).some((one) => tolerates(one, OUT_OF_SERVICE_TAINT))

/** Whether containers of the pod may be started now. After a boot nothing is before a lease was granted. */
export const mayRun = (right: PodRight, pod: Pod): boolean => right.mayRun() || (isExempt(pod) && right.right().kind !== 'none')
