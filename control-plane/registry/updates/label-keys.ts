import type { Affinity, LabelSelector, LabelSelectorRequirement, PodAffinityTerm, PodSpec, TopologySpreadConstraint, WeightedPodAffinityTerm } from '../../../shared/model/gen/api.ts'
import { mapItems, mapMember } from '../defaults/fill.ts'

type Labels = Readonly<Record<string, string>>

const requirements = (keys: readonly string[] | undefined, operator: string, labels: Labels): readonly LabelSelectorRequirement[] =>
  (keys ?? []).flatMap((key) => (labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]))

function withRequirements(selector: LabelSelector, added: readonly LabelSelectorRequirement[]): LabelSelector {
  return added.length === 0 ? selector : { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...added] }
}

const resolveTerm =
  (labels: Labels) =>
  (term: PodAffinityTerm): PodAffinityTerm =>
    mapMember(term, 'labelSelector', (selector) =>
      withRequirements(selector, [...requirements(term.matchLabelKeys, 'In', labels), ...requirements(term.mismatchLabelKeys, 'NotIn', labels)]),
    )

const resolveWeighted =
  (labels: Labels) =>
  (weighted: WeightedPodAffinityTerm): WeightedPodAffinityTerm =>
    mapMember(weighted, 'podAffinityTerm', resolveTerm(labels))

const resolveConstraint =
  (labels: Labels) =>
  (constraint: TopologySpreadConstraint): TopologySpreadConstraint =>
    mapMember(constraint, 'labelSelector', (selector) => withRequirements(selector, requirements(constraint.matchLabelKeys, 'In', labels)))

function resolveAffinity(affinity: Affinity, labels: Labels): Affinity {
  let resolved = affinity
  for (const side of ['podAffinity', 'podAntiAffinity'] as const) {
    resolved = mapMember(resolved, side, (terms) =>
      mapItems(mapItems(terms, 'requiredDuringSchedulingIgnoredDuringExecution', resolveTerm(labels)), 'preferredDuringSchedulingIgnoredDuringExecution', resolveWeighted(labels)),
    )
  }
  return resolved
}

/** `matchLabelKeys` stand for the pod's own values of these labels: at create they become part of the selectors beside them. */
export function resolveLabelKeys(spec: PodSpec, labels: Labels): PodSpec {
  const affine = mapMember(spec, 'affinity', (affinity) => resolveAffinity(affinity, labels))
  return mapItems(affine, 'topologySpreadConstraints', resolveConstraint(labels))
}
