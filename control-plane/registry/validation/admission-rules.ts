/** What webhooks and admission policies are asked about: rules, selectors, conditions. */
import { duplicate, type FieldError, invalid, notSupported, required, tooMany } from '../../../shared/model/field-error.ts'
import type { MatchCondition, MatchResources, NamedRuleWithOperations, RuleWithOperations } from '../../../shared/model/gen/api.ts'
import { pathSegmentProblems, qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { each, objections, oneOf, requiredOneOf, requiredText } from './check.ts'
import { validateLabelSelector } from './label-selector.ts'

export const failurePolicies = ['Fail', 'Ignore'] as const
export const matchPolicies = ['Equivalent', 'Exact'] as const
export const reinvocationPolicies = ['IfNeeded', 'Never'] as const

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const SCOPES = ['*', 'Cluster', 'Namespaced']
const MOST_CONDITIONS = 64

const notEmpty = (field: string, items: readonly string[]): readonly FieldError[] => (items.length === 0 ? [required(field)] : [])

const lonelyWildcard = (field: string, items: readonly string[], others: string): readonly FieldError[] =>
  items.length > 1 && items.includes('*') ? [invalid(field, items, `if '*' is present, must not specify other ${others}`)] : []

export function validateRule(rule: RuleWithOperations, path: string): readonly FieldError[] {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule
  return [
    ...notEmpty(`${path}.operations`, operations),
    ...lonelyWildcard(`${path}.operations`, operations, 'operations'),
    ...each(operations, `${path}.operations`, (operation, at) => oneOf(at, operation, OPERATIONS)),
    ...notEmpty(`${path}.apiGroups`, apiGroups),
    ...lonelyWildcard(`${path}.apiGroups`, apiGroups, 'API groups'),
    ...notEmpty(`${path}.apiVersions`, apiVersions),
    ...lonelyWildcard(`${path}.apiVersions`, apiVersions, 'API versions'),
    ...each(apiVersions, `${path}.apiVersions`, (version, at) => requiredText(at, version)),
    ...validateResources(resources, `${path}.resources`),
    ...(scope === undefined ? [] : oneOf(`${path}.scope`, scope, SCOPES)),
  ]
}

// Resources may be `pods`, `pods/log`, or hold wildcards on either side of the slash: what one covers must not be named again.
function validateResources(resources: readonly string[], path: string): readonly FieldError[] {
  const errors: FieldError[] = [...notEmpty(path, resources)]
  const wholeResources = new Set<string>()
  const wholeSubresources = new Set<string>()
  let endsPlain = false
  for (const [index, name] of resources.entries()) {
    const at = `${path}[${index}]`
    if (name === '') {
      errors.push(required(at))
      continue
    }
    const slash = name.indexOf('/')
    if (slash < 0) {
      endsPlain = name !== '*'
      continue
    }
    const [resource, subresource] = [name.slice(0, slash), name.slice(slash + 1)]
    if (wholeResources.has(resource)) errors.push(invalid(at, name, `if '${resource}/*' is present, must not specify ${name}`))
    if (wholeSubresources.has(subresource)) errors.push(invalid(at, name, `if '*/${subresource}' is present, must not specify ${name}`))
    if (subresource === '*') wholeResources.add(resource)
    if (resource === '*') wholeSubresources.add(subresource)
  }
  if (resources.length > 1 && resources.includes('*/*')) errors.push(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
  if (resources.includes('*') && endsPlain) errors.push(invalid(path, resources, "if '*' is present, must not specify other resources without subresources"))
  return errors
}

function validateNamedRule(rule: NamedRuleWithOperations, path: string): readonly FieldError[] {
  const names = rule.resourceNames ?? []
  const named = each(names, `${path}.resourceNames`, (name, at, index) => [...objections(at, name, pathSegmentProblems(name)), ...(names.indexOf(name) < index ? [duplicate(at, name)] : [])])
  return [...named, ...validateRule(rule, path)]
}

/** What a policy or its binding is about; nothing to say of one that is not there. */
export function validateMatchResources(match: MatchResources | undefined, path: string): readonly FieldError[] {
  if (!match) return []
  const { matchPolicy, namespaceSelector, objectSelector } = match
  return [
    ...requiredOneOf(`${path}.matchPolicy`, matchPolicy, matchPolicies),
    ...(namespaceSelector ? validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`) : [required(`${path}.namespaceSelector`)]),
    ...(objectSelector ? validateLabelSelector(objectSelector, `${path}.objectSelector`) : [required(`${path}.objectSelector`)]),
    ...each(match.resourceRules, `${path}.resourceRules`, validateNamedRule),
    ...each(match.excludeResourceRules, `${path}.excludeResourceRules`, validateNamedRule),
  ]
}

export function validateMatchConditions(conditions: readonly MatchCondition[] | undefined, path: string): readonly FieldError[] {
  const many = (conditions ?? []).length > MOST_CONDITIONS ? [tooMany(path, (conditions ?? []).length, MOST_CONDITIONS)] : []
  const seen = new Set<string>()
  const errors = each(conditions, path, (condition, at) => {
    const { name, expression } = condition
    const repeated = name !== '' && seen.has(name) ? [duplicate(`${at}.name`, name)] : []
    seen.add(name)
    return [...(expression.trim() === '' ? [required(`${at}.expression`)] : []), ...(name === '' ? [required(`${at}.name`)] : objections(`${at}.name`, name, qualifiedNameProblems(name))), ...repeated]
  })
  return [...many, ...errors]
}

/** Present and one of few. */
export const policyWord = (field: string, value: string | undefined, supported: readonly string[]): readonly FieldError[] => (value === undefined ? [required(field)] : supported.includes(value) ? [] : [notSupported(field, value, supported)])
