/** RBAC: whether roles and their bindings allow something, and what they allow at all. */
import type { PolicyRule, RoleRef } from '../../../../shared/model/gen/api.ts'
import type { User } from '../../request.ts'
import { allow, noOpinion, type Authorizer } from '../authorizer.ts'
import { RbacIndex, type Grant } from './rbac-index.ts'
import { ruleAllows } from './rules.ts'

export interface HeldRules {
  readonly rules: readonly PolicyRule[]
  /** Bindings that lead nowhere. */
  readonly errors: readonly string[]
}

export interface Rbac {
  /** What is decided by; somebody keeps it current. */
  readonly index: RbacIndex
  readonly authorizer: Authorizer
  /** Every rule that holds for the user in the namespace; empty: at the cluster scope. */
  rulesFor(user: User, namespace: string): HeldRules
}

export function createRbac(): Rbac {
  const index = new RbacIndex()
  return {
    index,
    authorizer(wanted) {
      const errors: string[] = []
      for (const grant of grantsFor(index, wanted.user, wanted.kind === 'resource' ? wanted.namespace : '')) {
        const rules = index.rulesOf(grant.roleRef, grant.namespace)
        if (!rules) errors.push(missingRole(grant.roleRef))
        else if (rules.some((rule) => ruleAllows(rule, wanted))) return allow(`RBAC: allowed by ${describeGrant(grant)}`)
      }
      return noOpinion(errors.length === 0 ? '' : `RBAC: ${aggregated(errors)}`)
    },
    rulesFor(user, namespace) {
      const rules: PolicyRule[] = []
      const errors: string[] = []
      for (const grant of grantsFor(index, user, namespace)) {
        const held = index.rulesOf(grant.roleRef, grant.namespace)
        if (held) rules.push(...held)
        else errors.push(missingRole(grant.roleRef))
      }
      return { rules, errors }
    },
  }
}

function* grantsFor(index: RbacIndex, user: User, namespace: string): Iterable<Grant> {
  yield* index.grants(user, '')
  if (namespace !== '') yield* index.grants(user, namespace)
}

const missingRole = ({ kind, name }: RoleRef): string => (kind === 'Role' || kind === 'ClusterRole' ? `${kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(name)} not found` : `unsupported role reference kind: ${JSON.stringify(kind)}`)

/** Several errors as one, as Kubernetes aggregates them: each once, in brackets when there are several. */
export function aggregated(errors: readonly string[]): string {
  const different = [...new Set(errors)]
  return different.length === 1 ? (different[0] ?? '') : `[${different.join(', ')}]`
}

function describeGrant({ binding, namespace, roleRef, subject }: Grant): string {
  const [kind, place] = namespace === '' ? ['ClusterRoleBinding', binding] : ['RoleBinding', `${binding}/${namespace}`]
  const whom = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || namespace}` : subject.name
  return `${kind} ${JSON.stringify(place)} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${subject.kind} ${JSON.stringify(whom)}`
}
