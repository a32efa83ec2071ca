import { allow, noOpinion, type Authorizer } from './authorizer.ts'
import type { PathAttributes, ResourceAttributes } from './attributes.ts'

/** The groups that Kubernetes gives to everybody, by what they have shown. */
export const MASTERS = 'system:masters'
export const AUTHENTICATED = 'system:authenticated'
export const UNAUTHENTICATED = 'system:unauthenticated'
export const SERVICE_ACCOUNTS = 'system:serviceaccounts'

/** `system:masters` may do everything. */
export const mastersAuthorizer: Authorizer = ({ user }) => (user.groups.includes(MASTERS) ? allow() : noOpinion())

const PUBLIC_PATHS = ['/healthz', '/livez', '/readyz', '/version', '/version/']
const DISCOVERY_PATHS = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*', ...PUBLIC_PATHS]
const ISSUER_PATHS = ['/.well-known/openid-configuration', '/.well-known/openid-configuration/', '/openid/v1/jwks', '/openid/v1/jwks/']

/** What a person may always ask about herself. */
const SELF_REVIEWS: Readonly<Record<string, readonly string[]>> = {
  'authentication.k8s.io': ['selfsubjectreviews'],
  'authorization.k8s.io': ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
}

/**
 * What Kubernetes' own cluster roles `system:public-info-viewer`, `system:discovery`, `system:basic-user` and
 * `system:service-account-issuer-discovery` give by group, for a cluster that has no role objects yet.
 */
export const groupAuthorizer: Authorizer = (attributes) => {
  const allowed = attributes.kind === 'path' ? mayReadPath(attributes) : mayReviewSelf(attributes)
  return allowed ? allow() : noOpinion()
}

function mayReadPath({ user, verb, path }: PathAttributes): boolean {
  if (verb !== 'get' && verb !== 'head') return false
  if (user.groups.includes(AUTHENTICATED) && matches(DISCOVERY_PATHS, path)) return true
  if (user.groups.includes(SERVICE_ACCOUNTS) && matches(ISSUER_PATHS, path)) return true
  return (user.groups.includes(UNAUTHENTICATED) || user.groups.includes(AUTHENTICATED)) && matches(PUBLIC_PATHS, path)
}

const matches = (patterns: readonly string[], path: string): boolean => patterns.some((pattern) => (pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path))

const mayReviewSelf = (wanted: ResourceAttributes): boolean =>
  wanted.verb === 'create' && wanted.subresource === '' && wanted.user.groups.includes(AUTHENTICATED) && (SELF_REVIEWS[wanted.group]?.includes(wanted.resource) ?? false)
