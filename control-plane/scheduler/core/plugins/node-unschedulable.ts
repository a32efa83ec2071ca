import type { FilterPlugin } from '../framework.ts'
import { isTolerated } from '../match.ts'

const REFUSAL = { reasons: ['node(s) were unschedulable'], resolvable: false, detail: 'cordoned: "gantry uncordon NODE" lets pods onto it again' } as const
const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const

/** A cordoned node takes only pods that tolerate it. */
export const nodeUnschedulable: FilterPlugin = {
  name: 'NodeUnschedulable',
  filter: ({ pod }) => (isTolerated(TAINT, pod.spec?.tolerations ?? []) ? undefined : (node) => (node.unschedulable ? REFUSAL : undefined)),
  local: true,
}
