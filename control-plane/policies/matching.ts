/** Which requests a policy, a binding or a webhook is about. PURE. */
import type { LabelSelector, MatchResources, NamedRuleWithOperations } from '../../shared/model/gen/api.ts'
import { isEmptySelector, matchesSelector, type Labels } from '../../shared/model/label-selector.ts'

export interface Subject {
  readonly operation: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  /** Of a namespace its own name. */
  readonly namespace: string
  readonly name: string
  /** Of the object, of what it was before. */
  readonly labels: ReadonlyArray<Labels | undefined>
  /** Of the namespace; `undefined` where there is none. */
  readonly namespaceLabels: Labels | undefined
}

/** One request in all its words. */
export interface Subjects {
  /** As it was made. */
  readonly own: Subject
  /** Those that are equivalent; asked for only where the first does not decide. */
  others(): readonly Subject[]
}

type Match = Pick<MatchResources, 'resourceRules' | 'excludeResourceRules' | 'namespaceSelector' | 'objectSelector' | 'matchPolicy'>

/**
 * Which of the subjects, that are equivalent, the rules are about: the first of them if they name it, else one that stands for it; -1: none.
 *
 * @param anyResource whether no rules at all mean every resource, as in a binding.
 */
export function matchOf(match: Match | undefined, { own, others }: Subjects, anyResource: boolean): number {
  if (!match) return anyResource ? 0 : -1
  const { resourceRules = [], excludeResourceRules = [], namespaceSelector, objectSelector, matchPolicy } = match
  if (!selectsNamespace(namespaceSelector, own) || !selectsObject(objectSelector, own)) return -1
  const place = (rules: readonly NamedRuleWithOperations[]): number => {
    const names = (subject: Subject): boolean => rules.some((rule) => ruleMatches(rule, subject))
    if (rules.length === 0 || names(own)) return rules.length === 0 ? -1 : 0
    const other = matchPolicy === 'Exact' ? -1 : others().findIndex(names)
    return other < 0 ? -1 : other + 1
  }
  if (place(excludeResourceRules) >= 0) return -1
  return anyResource && resourceRules.length === 0 ? 0 : place(resourceRules)
}

/** What is in no namespace is never left out by its namespace. */
const selectsNamespace = (selector: LabelSelector | undefined, { namespace, namespaceLabels }: Subject): boolean => !selector || isEmptySelector(selector) || namespace === '' || matchesSelector(selector, namespaceLabels)

const selectsObject = (selector: LabelSelector | undefined, { labels }: Subject): boolean => !selector || isEmptySelector(selector) || labels.some((one) => matchesSelector(selector, one ?? {}))

function ruleMatches(rule: NamedRuleWithOperations, subject: Subject): boolean {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], resourceNames = [], scope = '*' } = rule
  const has = (items: readonly string[], item: string): boolean => items.includes('*') || items.includes(item)
  return (
    has(operations, subject.operation) &&
    has(apiGroups, subject.group) &&
    has(apiVersions, subject.version) &&
    resources.some((resource) => resourceMatches(resource, subject)) &&
    (resourceNames.length === 0 || resourceNames.includes(subject.name)) &&
    (scope === '*' || (scope === 'Cluster') === isClusterWide(subject))
  )
}

function resourceMatches(pattern: string, { resource, subresource }: Subject): boolean {
  const [wanted = '', part = ''] = pattern.split('/')
  return (wanted === '*' || wanted === resource) && (part === '*' || part === subresource)
}

const isClusterWide = ({ namespace, group, resource }: Subject): boolean => namespace === '' || (group === '' && resource === 'namespaces')
