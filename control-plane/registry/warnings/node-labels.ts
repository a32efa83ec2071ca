import type { NodeSelectorTerm } from '../../../shared/model/gen/api.ts'

const replaced: Readonly<Record<string, readonly [since: string, by: string]>> = {
  'beta.kubernetes.io/arch': ['v1.14', 'kubernetes.io/arch'],
  'beta.kubernetes.io/os': ['v1.14', 'kubernetes.io/os'],
  'failure-domain.beta.kubernetes.io/region': ['v1.17', 'topology.kubernetes.io/region'],
  'failure-domain.beta.kubernetes.io/zone': ['v1.17', 'topology.kubernetes.io/zone'],
  'beta.kubernetes.io/instance-type': ['v1.17', 'node.kubernetes.io/instance-type'],
}

/** What to use instead of an old node label, or `undefined` for one that is not old. */
export function oldLabel(key: string): string | undefined {
  const found = replaced[key]
  return found && `deprecated since ${found[0]}; use "${found[1]}" instead`
}

export const termWarnings = (term: NodeSelectorTerm | undefined, path: string): readonly string[] =>
  (term?.matchExpressions ?? []).flatMap(({ key }, index) => (oldLabel(key) === undefined ? [] : [`${path}.matchExpressions[${index}].key: ${key} is ${oldLabel(key)}`]))
