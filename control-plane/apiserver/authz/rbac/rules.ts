/** What one rule of a role allows. PURE. */
import type { PolicyRule } from '../../../../shared/model/gen/api.ts'
import type { Attributes } from '../attributes.ts'

/** Whether the rule alone allows what is wanted; as Kubernetes' `rbac.RuleAllows`. */
export function ruleAllows(rule: PolicyRule, wanted: Attributes): boolean {
  if (!hasOrAll(rule.verbs, wanted.verb)) return false
  if (wanted.kind === 'path') return (rule.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, wanted.path))
  const names = rule.resourceNames ?? []
  return hasOrAll(rule.apiGroups, wanted.group) && resourceMatches(rule.resources ?? [], wanted.resource, wanted.subresource) && (names.length === 0 || names.includes(wanted.name))
}

export const ALL = '*'

const hasOrAll = (values: readonly string[] | undefined, wanted: string): boolean => values !== undefined && values.some((value) => value === ALL || value === wanted)

function resourceMatches(resources: readonly string[], resource: string, subresource: string): boolean {
  const whole = subresource === '' ? resource : `${resource}/${subresource}`
  return resources.some((one) => one === ALL || one === whole || (subresource !== '' && one === `*/${subresource}`))
}

/** A pattern may end in `*`: then it stands for everything that begins so. */
export const pathMatches = (pattern: string, path: string): boolean => pattern === ALL || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, '')))
