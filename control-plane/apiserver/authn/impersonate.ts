/** `Impersonate-*` headers: a request made as somebody else, if its sender may `impersonate` each part of that somebody. */
import type { Status } from '../../../shared/model/gen/api.ts'
import type { ResourceAttributes } from '../authz/attributes.ts'
import type { Authorizer } from '../authz/authorizer.ts'
import { forbiddenStatus } from '../authz/forbidden.ts'
import { AUTHENTICATED, SERVICE_ACCOUNTS, UNAUTHENTICATED } from '../authz/groups.ts'
import type { ApiRequest, User } from '../request.ts'
import { badRequest } from '../status.ts'
import { anonymousUser } from './authn.ts'

export type Impersonation = { readonly kind: 'user'; readonly user: User } | { readonly kind: 'refused'; readonly status: Status }

const EXTRA_PREFIX = 'impersonate-extra-'

/** Who the request is made as: its sender when it names nobody else. */
export function impersonate(request: ApiRequest, authorize: Authorizer): Impersonation {
  const wanted = wantedUser(request.headers)
  if (!wanted) return { kind: 'user', user: request.user }
  if (wanted.name === '') return { kind: 'refused', status: badRequest(`requested ${goStruct(wanted)} without impersonating a user name`).status }
  for (const part of partsOf(wanted, request.user)) {
    const decision = authorize(part)
    if (decision.kind !== 'allow') return { kind: 'refused', status: forbiddenStatus(part, decision.reason) }
  }
  return { kind: 'user', user: { ...wanted, groups: withStandardGroups(wanted) } }
}

/** Headers that came several times stand one to a line: a group may have a comma in its name. */
const listed = (header: string | undefined): readonly string[] => (header === undefined ? [] : header.split('\n'))

/** Nearly nobody speaks for others: that is seen at a glance. */
function isImpersonating(headers: ApiRequest['headers']): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true
  return false
}

function wantedUser(headers: ApiRequest['headers']): User | undefined {
  if (!isImpersonating(headers)) return undefined
  const extra = Object.entries(headers).filter(([name]) => name.startsWith(EXTRA_PREFIX))
  const [name, uid, groups] = [headers['impersonate-user'] ?? '', headers['impersonate-uid'] ?? '', listed(headers['impersonate-group'])]
  if (name === '' && uid === '' && groups.length === 0 && extra.length === 0) return undefined
  return { name, uid, groups, extra: Object.fromEntries(extra.map(([header, value]) => [unescaped(header.slice(EXTRA_PREFIX.length)), listed(value)])) }
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

/** Each thing the sender must be allowed to impersonate. */
function partsOf(wanted: User, sender: User): readonly ResourceAttributes[] {
  const base = { kind: 'resource', user: sender, verb: 'impersonate', group: '', version: 'v1', subresource: '', namespace: '', fieldSelector: '' } as const
  const account = serviceAccountOf(wanted.name)
  return [
    account ? { ...base, resource: 'serviceaccounts', namespace: account.namespace, name: account.name } : { ...base, resource: 'users', name: wanted.name },
    ...wanted.groups.map((name) => ({ ...base, resource: 'groups', name })),
    ...(wanted.uid === '' ? [] : [{ ...base, group: 'authentication.k8s.io', resource: 'uids', name: wanted.uid }]),
    ...Object.entries(wanted.extra).flatMap(([key, values]) => values.map((name) => ({ ...base, group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name }))),
  ]
}

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/

function serviceAccountOf(userName: string): { readonly namespace: string; readonly name: string } | undefined {
  const [system, kind, namespace = '', name = '', ...more] = userName.split(':')
  return system === 'system' && kind === 'serviceaccount' && more.length === 0 && LABEL.test(namespace) && SUBDOMAIN.test(name) ? { namespace, name } : undefined
}

/** The groups that authentication would have given. */
function withStandardGroups(wanted: User): readonly string[] {
  if (wanted.name === anonymousUser.name) return wanted.groups.includes(UNAUTHENTICATED) ? wanted.groups : [...wanted.groups, UNAUTHENTICATED]
  const account = serviceAccountOf(wanted.name)
  const groups = account && wanted.groups.length === 0 ? [SERVICE_ACCOUNTS, `${SERVICE_ACCOUNTS}:${account.namespace}`] : wanted.groups
  return groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED) ? groups : [...groups, AUTHENTICATED]
}

/** The message quotes the user as Go prints it. */
function goStruct({ name, uid, groups, extra }: User): string {
  const strings = (values: readonly string[]): string => `[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`
  const entries = Object.entries(extra).map(([key, values]) => `${JSON.stringify(key)}:${strings(values)}`)
  return `&user.DefaultInfo{Name:${JSON.stringify(name)}, UID:${JSON.stringify(uid)}, Groups:${groups.length === 0 ? '[]string(nil)' : strings(groups)}, Extra:map[string][]string${entries.length === 0 ? '(nil)' : `{${entries.join(', ')}}`}}`
}
