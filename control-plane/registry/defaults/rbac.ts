import type { ClusterRoleBinding, RoleBinding, RbacV1Subject } from '../../../shared/model/gen/api.ts'
import { fillZero, mapItems, mapMember } from './fill.ts'

const GROUP = 'rbac.authorization.k8s.io'

/** `rules` is always told, if only as null. */
export const defaultRules = <T extends { readonly rules?: unknown }>(role: T): T => (Array.isArray(role.rules) && role.rules.length > 0 ? role : { ...role, rules: null })

export function defaultBinding<T extends RoleBinding | ClusterRoleBinding>(binding: T): T {
  const referring = mapMember<RoleBinding | ClusterRoleBinding, 'roleRef'>(binding, 'roleRef', (reference) => fillZero(reference, { apiGroup: GROUP }))
  return mapItems<RoleBinding | ClusterRoleBinding, RbacV1Subject>(referring, 'subjects', defaultSubject) as T
}

const defaultSubject = (subject: RbacV1Subject): RbacV1Subject => (subject.kind === 'User' || subject.kind === 'Group' ? fillZero(subject, { apiGroup: GROUP }) : subject)
