/** Authorization: deny by default. The door of this room. */
import { union, type Authorizer } from './authorizer.ts'
import { groupAuthorizer, mastersAuthorizer } from './groups.ts'
import { nodeAuthorizer, type NodeIndex } from './node.ts'

/**
 * Everything that may allow a request, cheapest first.
 * @param options.more further authorizers (RBAC), asked last.
 */
export function createAuthorizer(options: { readonly nodes: NodeIndex; readonly more?: readonly Authorizer[] }): Authorizer {
  return union([mastersAuthorizer, groupAuthorizer, nodeAuthorizer(options.nodes), ...(options.more ?? [])])
}
