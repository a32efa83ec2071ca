import { type FieldError, indexPath, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { AggregationRule, ClusterRole, ClusterRoleBinding, PolicyRule, RbacV1Subject, Role, RoleBinding, RoleRef } from '../../../shared/model/gen/api.ts'
import { dns1123SubdomainProblems, nameProblems } from '../../../shared/model/validation/names.ts'
import { each, objections } from './check.ts'
import { validateLabelSelector } from './label-selector.ts'

const GROUP = 'rbac.authorization.k8s.io'

export const validateRole = ({ rules }: Role): readonly FieldError[] => each(rules ?? [], 'rules', (rule, path) => validateRule(rule, path, true))

export const validateClusterRole = ({ rules, aggregationRule }: ClusterRole): readonly FieldError[] => [...each(rules ?? [], 'rules', (rule, path) => validateRule(rule, path, false)), ...validateAggregation(aggregationRule)]

function validateRule(rule: PolicyRule, path: string, namespaced: boolean): readonly FieldError[] {
  const errors: FieldError[] = []
  const [groups, resources, names, urls] = [rule.apiGroups ?? [], rule.resources ?? [], rule.resourceNames ?? [], rule.nonResourceURLs ?? []]
  if ((rule.verbs ?? []).length === 0) errors.push(required(`${path}.verbs`, 'verbs must contain at least one value'))
  if (urls.length > 0) {
    if (namespaced) errors.push(invalid(`${path}.nonResourceURLs`, urls, 'namespaced rules cannot apply to non-resource URLs'))
    if (groups.length + resources.length + names.length > 0) errors.push(invalid(`${path}.nonResourceURLs`, urls, 'rules cannot apply to both regular resources and non-resource URLs'))
    return errors
  }
  if (groups.length === 0) errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'))
  if (resources.length === 0) errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'))
  return errors
}

function validateAggregation(rule: AggregationRule | undefined): readonly FieldError[] {
  if (!rule) return []
  const path = 'aggregationRule.clusterRoleSelectors'
  const selectors = rule.clusterRoleSelectors ?? []
  if (selectors.length === 0) return [required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil')]
  return each(selectors, path, (selector, at) => {
    const errors = validateLabelSelector(selector, at)
    return errors.length === 0 ? [] : [...errors, invalid(at, null, 'invalid label selector.')]
  })
}

export const validateRoleBinding = (binding: RoleBinding): readonly FieldError[] => validateBinding(binding, ['Role', 'ClusterRole'])
export const validateClusterRoleBinding = (binding: ClusterRoleBinding): readonly FieldError[] => validateBinding(binding, ['ClusterRole'])

export const validateRoleBindingChange = (binding: RoleBinding, old: RoleBinding): readonly FieldError[] => [...validateRoleBinding(binding), ...validateSameRole(binding.roleRef, old.roleRef)]
export const validateClusterRoleBindingChange = (binding: ClusterRoleBinding, old: ClusterRoleBinding): readonly FieldError[] => [...validateClusterRoleBinding(binding), ...validateSameRole(binding.roleRef, old.roleRef)]

function validateBinding({ roleRef, subjects }: RoleBinding | ClusterRoleBinding, kinds: readonly string[]): readonly FieldError[] {
  const namespaced = kinds.includes('Role')
  return [...validateRoleRef(roleRef, kinds), ...(subjects ?? []).flatMap((subject, index) => validateSubject(subject, indexPath('subjects', index), namespaced))]
}

function validateRoleRef({ apiGroup, kind, name }: RoleRef, kinds: readonly string[]): readonly FieldError[] {
  return [
    ...(apiGroup === GROUP ? [] : [notSupported('roleRef.apiGroup', apiGroup, [GROUP])]),
    ...(kinds.includes(kind) ? [] : [notSupported('roleRef.kind', kind, kinds)]),
    ...(name === '' ? [required('roleRef.name')] : objections('roleRef.name', name, nameProblems('path-segment', name))),
  ]
}

function validateSubject({ kind, name, namespace = '', apiGroup = '' }: RbacV1Subject, path: string, namespaced: boolean): readonly FieldError[] {
  const named = name === '' ? [required(`${path}.name`)] : []
  switch (kind) {
    case 'ServiceAccount':
      return [
        ...named,
        ...(name === '' ? [] : objections(`${path}.name`, name, dns1123SubdomainProblems(name))),
        ...(apiGroup === '' ? [] : [notSupported(`${path}.apiGroup`, apiGroup, [''])]),
        ...(!namespaced && namespace === '' ? [required(`${path}.namespace`)] : []),
      ]
    case 'User':
    case 'Group':
      return [...named, ...(apiGroup === GROUP ? [] : [notSupported(`${path}.apiGroup`, apiGroup, [GROUP])])]
    default:
      return [...named, notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group'])]
  }
}

function validateSameRole(now: RoleRef, before: RoleRef): readonly FieldError[] {
  if (now.apiGroup === before.apiGroup && now.kind === before.kind && now.name === before.name) return []
  return [invalid('roleRef', { APIGroup: now.apiGroup, Kind: now.kind, Name: now.name }, 'cannot change roleRef')]
}
