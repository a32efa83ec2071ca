/** Roles and bindings as authorization looks them up: by subject, without a list per request. PURE but for being kept current. */
import type { ClusterRole, ClusterRoleBinding, PolicyRule, RbacV1Subject, Role, RoleBinding, RoleRef } from '../../../../shared/model/gen/api.ts'
import type { User } from '../../request.ts'

/** A role given to a subject. */
export interface Grant {
  readonly binding: string
  /** Of the binding; empty for one of the whole cluster. */
  readonly namespace: string
  readonly roleRef: RoleRef
  readonly subject: RbacV1Subject
  /** Which of the binding's subjects it is. */
  readonly position: number
}

export type RbacKind = 'Role' | 'ClusterRole' | 'RoleBinding' | 'ClusterRoleBinding'

type Binding = RoleBinding | ClusterRoleBinding

const NONE: ReadonlyMap<string, Grant> = new Map()

export class RbacIndex {
  /** By namespace and name; cluster roles have no namespace. */
  readonly #roles = new Map<string, readonly PolicyRule[]>()
  readonly #bindings = new Map<string, Binding>()
  /** By the bindings' namespace and the subject: a grant for each binding, by its name. */
  readonly #grants = new Map<string, Map<string, Grant>>()

  /** Takes in what an object is now; `undefined`: it is gone. */
  set(kind: RbacKind, at: { readonly namespace: string; readonly name: string }, object: Role | ClusterRole | Binding | undefined): void {
    const key = keyOf(at.namespace, at.name)
    if (kind === 'Role' || kind === 'ClusterRole') {
      if (object) this.#roles.set(key, (object as Role).rules ?? [])
      else this.#roles.delete(key)
      return
    }
    const before = this.#bindings.get(key)
    if (before) this.#forget(before, at)
    if (object) this.#bindings.set(key, object as Binding)
    else this.#bindings.delete(key)
    if (object) this.#learn(object as Binding, at)
  }

  /** `undefined`: there is no such role. */
  rulesOf({ kind, name }: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    return this.#roles.get(keyOf(kind === 'ClusterRole' ? '' : namespace, name))
  }

  /** What the user is given by bindings of the namespace (empty: of the whole cluster), in the order of their names. */
  grants({ name, groups }: Pick<User, 'name' | 'groups'>, namespace: string): readonly Grant[] {
    const found = new Map<string, Grant>()
    for (const subject of [userKey(name), ...groups.map(groupKey)]) {
      for (const [binding, grant] of this.#grants.get(keyOf(namespace, subject)) ?? NONE) {
        const other = found.get(binding)
        if (!other || grant.position < other.position) found.set(binding, grant)
      }
    }
    return found.size < 2 ? [...found.values()] : [...found.values()].toSorted((a, b) => (a.binding < b.binding ? -1 : 1))
  }

  #learn(binding: Binding, { namespace, name }: { readonly namespace: string; readonly name: string }): void {
    for (const [position, subject] of (binding.subjects ?? []).entries()) {
      const subjectKey = keyOfSubject(subject, namespace)
      if (subjectKey === undefined) continue
      const key = keyOf(namespace, subjectKey)
      const grants = this.#grants.get(key) ?? new Map<string, Grant>()
      if (!grants.has(name)) grants.set(name, { binding: name, namespace, roleRef: binding.roleRef, subject, position })
      this.#grants.set(key, grants)
    }
  }

  #forget(binding: Binding, { namespace, name }: { readonly namespace: string; readonly name: string }): void {
    for (const subject of binding.subjects ?? []) {
      const key = keyOf(namespace, keyOfSubject(subject, namespace) ?? '')
      const grants = this.#grants.get(key)
      grants?.delete(name)
      if (grants?.size === 0) this.#grants.delete(key)
    }
  }
}

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`
const userKey = (name: string): string => `user ${name}`
const groupKey = (name: string): string => `group ${name}`

/** A service account without a namespace is one of the binding's. */
function keyOfSubject({ kind, name, namespace = '' }: RbacV1Subject, bindingNamespace: string): string | undefined {
  if (kind === 'User') return userKey(name)
  if (kind === 'Group') return groupKey(name)
  const home = namespace === '' ? bindingNamespace : namespace
  return kind === 'ServiceAccount' && home !== '' ? userKey(`system:serviceaccount:${home}:${name}`) : undefined
}
