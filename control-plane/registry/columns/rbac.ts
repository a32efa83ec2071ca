import type { ClusterRoleBinding, RoleBinding, RbacV1Subject } from '../../../shared/model/gen/api.ts'
import type { KubeObject } from '../../../shared/model/meta.ts'
import type { TableColumn } from '../kind.ts'
import { ageSince } from './age.ts'
import { ageColumn, column, CREATION_DESCRIPTION, nameColumn, wideColumn } from './columns.ts'

/** Roles have no columns of their own: these are what every kind has that nobody thought of. */
export const plainColumns: readonly TableColumn[] = [nameColumn, { name: 'Created At', type: 'date', description: CREATION_DESCRIPTION, priority: 0 }]
export const plainRow = ({ metadata }: KubeObject): readonly string[] => [metadata.name ?? '', metadata.creationTimestamp ?? '']

const bindingColumns = (what: string, reference: string): readonly TableColumn[] => [
  nameColumn,
  column('Role', reference),
  ageColumn,
  wideColumn('Users', `Users in the ${what}`),
  wideColumn('Groups', `Groups in the ${what}`),
  wideColumn('ServiceAccounts', `ServiceAccounts in the ${what}`),
]

const UNRESOLVED = 'If the RoleRef cannot be resolved, the Authorizer must return an error.'

export const roleBindingColumns = bindingColumns('roleBinding', `RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. ${UNRESOLVED}`)
export const clusterRoleBindingColumns = bindingColumns('clusterRoleBinding', `RoleRef can only reference a ClusterRole in the global namespace. ${UNRESOLVED}`)

export function bindingRow({ metadata, roleRef, subjects }: RoleBinding | ClusterRoleBinding, nowMs: number): readonly string[] {
  const of = (kind: string, shown: (subject: RbacV1Subject) => string): string =>
    (subjects ?? [])
      .filter((subject) => subject.kind === kind)
      .map(shown)
      .join(', ')
  return [
    metadata.name ?? '',
    `${roleRef.kind}/${roleRef.name}`,
    ageSince(metadata.creationTimestamp, nowMs),
    of('User', ({ name }) => name),
    of('Group', ({ name }) => name),
    of('ServiceAccount', ({ name, namespace = '' }) => `${namespace}/${name}`),
  ]
}
