/** For tests: RBAC as a new cluster has it. */
import { bootstrapObjects, RBAC } from '../bootstrap/objects.ts'
import { metaText } from '../core/stored.ts'
import type { ClusterRole } from '../../../shared/model/gen/api.ts'
import { createRbac, type Rbac } from './rbac/rbac.ts'
import type { RbacKind } from './rbac/rbac-index.ts'

const KINDS: Readonly<Record<string, RbacKind>> = { roles: 'Role', clusterroles: 'ClusterRole', rolebindings: 'RoleBinding', clusterrolebindings: 'ClusterRoleBinding' }

export function bootstrapRbac(): Rbac {
  const rbac = createRbac()
  for (const { group, plural, objects } of bootstrapObjects) {
    const kind = group === RBAC ? KINDS[plural] : undefined
    if (kind) for (const object of objects) rbac.index.set(kind, { namespace: metaText(object, 'namespace'), name: metaText(object, 'name') }, object as unknown as ClusterRole)
  }
  return rbac
}
