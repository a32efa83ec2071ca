import { allow, noOpinion, type Authorizer } from './authorizer.ts'

/** The groups that Kubernetes gives to everybody, by what they have shown. */
export const MASTERS = 'system:masters'
export const AUTHENTICATED = 'system:authenticated'
export const UNAUTHENTICATED = 'system:unauthenticated'
export const SERVICE_ACCOUNTS = 'system:serviceaccounts'
export const NODES = 'system:nodes'

/** `system:masters` may do everything. */
export const mastersAuthorizer: Authorizer = ({ user }) => (user.groups.includes(MASTERS) ? allow() : noOpinion())
