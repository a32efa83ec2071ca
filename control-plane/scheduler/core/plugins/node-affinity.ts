import { scaleToHighest, type FilterPlugin, type ScorePlugin } from '../framework.ts'
import { nodeSelectorMatches, termMatches } from '../../../../shared/model/node-selector.ts'

const REFUSAL = { reasons: ["node(s) didn't match Pod's node affinity/selector"], resolvable: false } as const

/** `spec.nodeSelector` and required node affinity must both hold. */
export const nodeAffinityFilter: FilterPlugin = {
  name: 'NodeAffinity',
  filter({ pod }) {
    const labels = Object.entries(pod.spec?.nodeSelector ?? {})
    const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    if (labels.length === 0 && !required) return undefined
    return (node) => (labels.every(([key, value]) => node.labels[key] === value) && (!required || nodeSelectorMatches(required, node)) ? undefined : REFUSAL)
  },
  local: true,
}

/** The sum of the weights of the preferred terms that hold. */
export const nodeAffinityScore: ScorePlugin = {
  name: 'NodeAffinity',
  weight: 2,
  local: false,
  scorer({ pod }) {
    const preferred = (pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).filter((term) => term.weight !== 0)
    if (preferred.length === 0) return undefined
    return {
      score: (node) => preferred.reduce((sum, { weight, preference }) => sum + (termMatches(preference, node) ? weight : 0), 0),
      normalize: (raw) => scaleToHighest(raw),
    }
  },
}
