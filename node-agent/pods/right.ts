import { staysWhenFenced } from '../../shared/model/fenced-pods.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import type { PodRight } from '../fencing/port.ts'

/** Whether containers of the pod may be started now. After a boot nothing is before a lease was granted. */
export const mayRun = (right: PodRight, pod: Pod): boolean => right.mayRun() || (staysWhenFenced(pod) && right.right().kind !== 'none')
