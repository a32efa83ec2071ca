/** A pod held against the Pod Security Standards. PURE. */
import type { ObjectMeta, Pod, PodSpec } from '../../../shared/model/gen/api.ts'
import { baselineRules } from './baseline.ts'
import type { Rule, Violation } from './check.ts'
import type { Demand } from './policy.ts'
import { restrictedRules } from './restricted.ts'

/** Whose API this is; rules of later versions are those of this one. */
const LATEST = 36

function rulesFor({ level }: Demand, minor: number): readonly Rule[] {
  const known = (rules: readonly Rule[]): readonly Rule[] => rules.filter(({ since }) => since <= minor)
  if (level === 'privileged') return []
  const baseline = known(baselineRules)
  if (level === 'baseline') return baseline
  const restricted = known(restrictedRules)
  return [...baseline.filter(({ id }) => !restricted.some(({ instead }) => instead === id)), ...restricted]
}

/** All that a pod, or a template of one, does against what is demanded. */
export function violations(spec: PodSpec, meta: ObjectMeta, demand: Demand): readonly Violation[] {
  const minor = Math.min(demand.minor ?? LATEST, LATEST)
  return rulesFor(demand, minor).flatMap((rule) => rule.check({ spec, meta, minor }) ?? [])
}

export const detailsText = (found: readonly Violation[]): string => found.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ')

/** What the pods that are there do against a demand that is new: each sort of it once, with the pod that was found first. */
export function violationsOfPods(pods: readonly Pod[], demand: Demand): readonly string[] {
  const found = new Map<string, { readonly first: string; count: number }>()
  for (const { metadata, spec } of pods) {
    const reasons = spec ? violations(spec, metadata, demand).map(({ reason }) => reason).join(', ') : ''
    if (reasons === '') continue
    const known = found.get(reasons)
    if (known) known.count++
    else found.set(reasons, { first: metadata.name ?? '', count: 1 })
  }
  return [...found].map(([reasons, { first, count }]) => `${first}${count === 1 ? '' : count === 2 ? ' (and 1 other pod)' : ` (and ${count - 1} other pods)`}: ${reasons}`).toSorted()
}
