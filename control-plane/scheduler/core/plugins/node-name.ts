import type { FilterPlugin } from '../framework.ts'

const REFUSAL = { reasons: ["node(s) didn't match the requested node name"], resolvable: false } as const

/** A pod that names its node goes nowhere else. */
export const nodeName: FilterPlugin = {
  name: 'NodeName',
  filter({ pod }) {
    const wanted = pod.spec?.nodeName
    return wanted ? (node) => (node.name === wanted ? undefined : REFUSAL) : undefined
  },
  local: true,
}
