import type { LabelSelector, NodeSelectorTerm } from '../../../shared/model/gen/api.ts'
import { labelValueProblems } from '../../../shared/model/validation/names.ts'

const replaced: Readonly<Record<string, readonly [since: string, by: string]>> = {
  'beta.kubernetes.io/arch': ['v1.14', 'kubernetes.io/arch'],
  'beta.kubernetes.io/os': ['v1.14', 'kubernetes.io/os'],
  'failure-domain.beta.kubernetes.io/region': ['v1.17', 'topology.kubernetes.io/region'],
  'failure-domain.beta.kubernetes.io/zone': ['v1.17', 'topology.kubernetes.io/zone'],
  'beta.kubernetes.io/instance-type': ['v1.17', 'node.kubernetes.io/instance-type'],
}

/** The label that took the place of an old node label, or `undefined` for one that is not old. */
export const newLabel = (key: string): string | undefined => replaced[key]?.[1]

/** What to use instead of an old node label, or `undefined` for one that is not old. */
export function oldLabel(key: string): string | undefined {
  const found = replaced[key]
  return found && `deprecated since ${found[0]}; use "${found[1]}" instead`
}

export const termWarnings = (term: NodeSelectorTerm | LabelSelector | undefined, path: string): readonly string[] =>
  (term?.matchExpressions ?? []).flatMap(({ key }, index) => (oldLabel(key) === undefined ? [] : [`${path}.matchExpressions[${index}].key: ${key} is ${oldLabel(key)}`]))

/** As {@link termWarnings}; values that no label can have are refused elsewhere, and only told where a term is a preference. */
export const preferenceWarnings = (term: NodeSelectorTerm | undefined, path: string): readonly string[] =>
  (term?.matchExpressions ?? []).flatMap(({ key, values = [] }, index) => {
    const at = `${path}.matchExpressions[${index}]`
    const ofValues = values.flatMap((value, valueIndex) => labelValueProblems(value).map((problem) => `${at}.values[${valueIndex}]: ${value} is invalid, ${problem}`))
    return [...(oldLabel(key) === undefined ? [] : [`${at}.key: ${key} is ${oldLabel(key)}`]), ...ofValues]
  })
