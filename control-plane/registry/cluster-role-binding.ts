import type { ClusterRoleBinding } from '../../shared/model/gen/api.ts'
import { bindingRow, clusterRoleBindingColumns } from './columns/rbac.ts'
import { defaultBinding } from './defaults/rbac.ts'
import { defineRbacKind } from './rbac-kind.ts'
import { validateClusterRoleBinding, validateClusterRoleBindingChange } from './validation/rbac.ts'

export const clusterRoleBinding = defineRbacKind<ClusterRoleBinding>({
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  namespaced: false,
  defaults: defaultBinding,
  validateCreate: validateClusterRoleBinding,
  validateUpdate: validateClusterRoleBindingChange,
  columns: clusterRoleBindingColumns,
  row: bindingRow,
})
