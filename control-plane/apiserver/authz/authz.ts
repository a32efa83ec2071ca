/** Authorization: deny by default. The door of this room. */
import { union, type Authorizer } from './authorizer.ts'
import { mastersAuthorizer } from './groups.ts'
import { nodeAuthorizer, type NodeIndex } from './node.ts'

/**
 * Everything that may allow a request, in the order in which they are asked.
 * @param options.rbac absent: nobody has a role.
 */
export function createAuthorizer(options: { readonly nodes: NodeIndex; readonly rbac?: Authorizer | undefined }): Authorizer {
  return union([mastersAuthorizer, nodeAuthorizer(options.nodes), ...(options.rbac ? [options.rbac] : [])])
}
