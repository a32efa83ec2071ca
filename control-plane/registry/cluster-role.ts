import type { ClusterRole } from '../../shared/model/gen/api.ts'
import { plainColumns, plainRow } from './columns/rbac.ts'
import { defaultRules } from './defaults/rbac.ts'
import { defineRbacKind } from './rbac-kind.ts'
import { validateClusterRole } from './validation/rbac.ts'

export const clusterRole = defineRbacKind<ClusterRole>({
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
  defaults: defaultRules,
  validateCreate: validateClusterRole,
  validateUpdate: validateClusterRole,
  columns: plainColumns,
  row: plainRow,
})
