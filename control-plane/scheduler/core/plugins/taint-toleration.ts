import type { Taint } from '../../../../shared/model/gen/api.ts'
import { scaleToHighest, type FilterPlugin, type ScorePlugin } from '../framework.ts'
import { isTolerated } from '../match.ts'

const describe = (taint: Taint): string => `${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`

/** Taints with NoSchedule or NoExecute keep out pods that do not tolerate them. */
export const taintTolerationFilter: FilterPlugin = {
  name: 'TaintToleration',
  filter({ pod }) {
    const tolerations = pod.spec?.tolerations ?? []
    return (node) => {
      if (node.taints.length === 0) return undefined
      const taint = node.taints.find((one) => (one.effect === 'NoSchedule' || one.effect === 'NoExecute') && !isTolerated(one, tolerations))
      return taint && { reasons: ['node(s) had untolerated taint(s)'], resolvable: false, detail: `taint ${describe(taint)}` }
    }
  },
  local: true,
}

/** The fewer taints with PreferNoSchedule that the pod does not tolerate, the better. */
export const taintTolerationScore: ScorePlugin = {
  name: 'TaintToleration',
  weight: 3,
  local: false,
  scorer({ pod }, snapshot) {
    if (snapshot.softTaintedNodes === 0) return undefined
    const tolerations = (pod.spec?.tolerations ?? []).filter((toleration) => !toleration.effect || toleration.effect === 'PreferNoSchedule')
    return {
      score: (node) => node.taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, tolerations)).length,
      normalize: (raw) => scaleToHighest(raw, true),
    }
  },
}
