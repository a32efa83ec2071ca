import type { RoleBinding } from '../../shared/model/gen/api.ts'
import { bindingRow, roleBindingColumns } from './columns/rbac.ts'
import { defaultBinding } from './defaults/rbac.ts'
import { defineRbacKind } from './rbac-kind.ts'
import { validateRoleBinding, validateRoleBindingChange } from './validation/rbac.ts'

export const roleBinding = defineRbacKind<RoleBinding>({
  kind: 'RoleBinding',
  plural: 'rolebindings',
  namespaced: true,
  defaults: defaultBinding,
  validateCreate: validateRoleBinding,
  validateUpdate: validateRoleBindingChange,
  columns: roleBindingColumns,
  row: bindingRow,
})
