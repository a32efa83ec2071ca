import type { Role } from '../../shared/model/gen/api.ts'
import { plainColumns, plainRow } from './columns/rbac.ts'
import { defaultRules } from './defaults/rbac.ts'
import { defineRbacKind } from './rbac-kind.ts'
import { validateRole } from './validation/rbac.ts'

export const role = defineRbacKind<Role>({
  kind: 'Role',
  plural: 'roles',
  namespaced: true,
  defaults: defaultRules,
  validateCreate: validateRole,
  validateUpdate: validateRole,
  columns: plainColumns,
  row: plainRow,
})
