/** The ways in which somebody may be allowed to speak for another: bound to who that is and to what is asked, or, as always, to nothing. PURE. */
import type { Status } from '../../../shared/model/gen/api.ts'
import { goQuote } from '../../../shared/model/go-text.ts'
import { fieldErrorsText } from '../../../shared/model/field-error.ts'
import { dns1123LabelProblems, dns1123SubdomainProblems } from '../../../shared/model/validation/names.ts'
import { domainPrefixedPath } from '../../registry/validation/check.ts'
import type { Attributes, ResourceAttributes } from '../authz/attributes.ts'
import type { Authorizer } from '../authz/authorizer.ts'
import { forbiddenStatus } from '../authz/forbidden.ts'
import { NODE_USER_PREFIX } from '../authz/node.ts'
import { AUTHENTICATED, MASTERS, NODES, SERVICE_ACCOUNTS, UNAUTHENTICATED } from '../authz/groups.ts'
import type { User } from '../request.ts'
import { anonymousUser } from './authn.ts'

/** `passed-over`: not a way to speak for this one. */
export type ModeOutcome = { readonly kind: 'user'; readonly user: User } | { readonly kind: 'refused'; readonly status: Status } | { readonly kind: 'passed-over' }

export interface Attempt {
  /** As the headers name it. */
  readonly wanted: User
  /** What is asked, still in its sender's name. */
  readonly request: Attributes
  readonly authorize: Authorizer
}

export type Mode = (attempt: Attempt) => ModeOutcome

const NODE_KEY = 'authentication.kubernetes.io/node-name'
const AUTHENTICATION = 'authentication.k8s.io'
/** From so many on, all at once are tried first. */
const MANY = 4

const nodeOf = (userName: string): string | undefined => {
  const name = userName.startsWith(NODE_USER_PREFIX) ? userName.slice(NODE_USER_PREFIX.length) : ''
  return name !== '' && dns1123SubdomainProblems(name).length === 0 ? name : undefined
}

function serviceAccountOf(userName: string): { readonly namespace: string; readonly name: string } | undefined {
  const [system, kind, namespace = '', name = '', ...more] = userName.split(':')
  return system === 'system' && kind === 'serviceaccount' && more.length === 0 && dns1123LabelProblems(namespace).length === 0 && dns1123SubdomainProblems(name).length === 0 ? { namespace, name } : undefined
}

const onlyNamed = ({ uid, groups, extra }: User): boolean => uid === '' && groups.length === 0 && Object.keys(extra).length === 0

/** A service account's pod that would speak for the node it runs on: which node that is, and all else that its token says, is left out of what is asked. */
const associatedNode: Mode = (attempt) => {
  const { wanted, request } = attempt
  const { user } = request
  const node = nodeOf(wanted.name)
  const own = user.extra[NODE_KEY] ?? []
  if (!onlyNamed(wanted) || node === undefined || !serviceAccountOf(user.name) || own.length !== 1 || own[0] !== node) return { kind: 'passed-over' }
  const sender: User = { ...user, extra: { 'authentication.kubernetes.io/associated-node-keys': Object.keys(user.extra).toSorted() } }
  return constrained('associated-node', { ...attempt, request: { ...request, user: sender } }, '*')
}

const arbitraryNode: Mode = (attempt) => (onlyNamed(attempt.wanted) && nodeOf(attempt.wanted.name) !== undefined ? constrained('arbitrary-node', attempt) : { kind: 'passed-over' })

const serviceAccount: Mode = (attempt) => (onlyNamed(attempt.wanted) && serviceAccountOf(attempt.wanted.name) ? constrained('serviceaccount', attempt) : { kind: 'passed-over' })

const userInfo: Mode = (attempt) => (nodeOf(attempt.wanted.name) === undefined && !serviceAccountOf(attempt.wanted.name) ? constrained('user-info', attempt) : { kind: 'passed-over' })

const unconstrained: Mode = (attempt) => spokenFor({ attempt, verb: 'impersonate', bound: false })

/** In the order in which they are tried. */
export const MODES: readonly Mode[] = [associatedNode, arbitraryNode, serviceAccount, userInfo, unconstrained]

/** @param nodeName what a node is called where it is asked for. */
function constrained(mode: string, attempt: Attempt, nodeName?: string): ModeOutcome {
  const refused = refusal(attempt, { ...attempt.request, verb: `impersonate-on:${mode}:${attempt.request.verb}` })
  return refused ? { kind: 'refused', status: refused } : spokenFor({ attempt, verb: `impersonate:${mode}`, bound: true, nodeName })
}

interface Speaking {
  readonly attempt: Attempt
  readonly verb: string
  /** By a mode: nodes are known as such, and what makes no sense is refused. */
  readonly bound: boolean
  readonly nodeName?: string | undefined
}

function spokenFor(speaking: Speaking): ModeOutcome {
  const { wanted } = speaking.attempt
  const status = refusedName(speaking) ?? refusedUid(speaking) ?? refusedGroups(speaking) ?? refusedExtra(speaking)
  return status ? { kind: 'refused', status } : { kind: 'user', user: { ...wanted, groups: withStandardGroups(wanted, speaking.bound) } }
}

const refusal = ({ authorize }: Attempt, attributes: Attributes): Status | undefined => {
  const decision = authorize(attributes)
  return decision.kind === 'allow' ? undefined : forbiddenStatus(attributes, decision.reason)
}

const asked = ({ attempt, verb, bound }: Speaking, resource: string, name: string): ResourceAttributes => {
  const group = bound || resource === 'uids' || resource === 'userextras' ? AUTHENTICATION : ''
  return { kind: 'resource', user: attempt.request.user, verb, group, version: 'v1', resource, subresource: '', namespace: '', name, fieldSelector: '' }
}

function refusedName(speaking: Speaking): Status | undefined {
  const { attempt, bound, nodeName } = speaking
  const { name } = attempt.wanted
  const node = bound ? nodeOf(name) : undefined
  if (node !== undefined) return refusal(attempt, asked(speaking, 'nodes', nodeName ?? node))
  const account = serviceAccountOf(name)
  return refusal(attempt, account ? { ...asked(speaking, 'serviceaccounts', account.name), namespace: account.namespace } : asked(speaking, 'users', name))
}

const refusedUid = (speaking: Speaking): Status | undefined => (speaking.attempt.wanted.uid === '' ? undefined : refusal(speaking.attempt, asked(speaking, 'uids', speaking.attempt.wanted.uid)))

function refusedGroups(speaking: Speaking): Status | undefined {
  const { attempt, bound } = speaking
  const { groups } = attempt.wanted
  const one = (name: string): ResourceAttributes => asked(speaking, 'groups', name)
  if (bound && groups.includes('')) return forbiddenStatus(one(''), 'impersonating the empty string group is not allowed')
  if (bound && groups.includes(MASTERS)) return forbiddenStatus(one(MASTERS), `impersonating the ${MASTERS} group is not allowed`)
  if (bound && groups.length >= MANY && !refusal(attempt, one('*'))) return undefined
  return firstRefusal(attempt, groups.map(one))
}

function refusedExtra(speaking: Speaking): Status | undefined {
  const { attempt, bound } = speaking
  const extra = Object.entries(attempt.wanted.extra)
  const one = (subresource: string, name: string): ResourceAttributes => ({ ...asked(speaking, 'userextras', name), subresource })
  const parts = extra.flatMap(([key, values]) => values.map((value) => one(key, value)))
  const problem = bound ? extraProblem(extra) : undefined
  if (problem !== undefined) return forbiddenStatus(one('', ''), problem)
  if (bound && (extra.length >= MANY || parts.length >= MANY) && !refusal(attempt, one('*', '*'))) return undefined
  return firstRefusal(attempt, parts)
}

function firstRefusal(attempt: Attempt, parts: readonly Attributes[]): Status | undefined {
  for (const part of parts) {
    const refused = refusal(attempt, part)
    if (refused) return refused
  }
  return undefined
}

function extraProblem(extra: ReadonlyArray<readonly [string, readonly string[]]>): string | undefined {
  for (const [key, values] of extra) {
    if (key === '') return 'impersonating the empty string key in extra is not allowed'
    const errors = domainPrefixedPath('extra.key', key)
    if (errors.length > 0) return `impersonating an invalid key in extra is not allowed: ${fieldErrorsText(errors)}`
    if (key !== key.toLowerCase()) return `impersonating a non-lowercase key in extra is not allowed: ${goQuote(key)}`
    if (values.length === 0) return 'impersonating empty values in extra is not allowed'
    if (values.includes('')) return 'impersonating the empty string value in extra is not allowed'
  }
  return undefined
}

/** The groups that authentication would have given; a node's only to those who may speak for nodes as such. */
function withStandardGroups(wanted: User, bound: boolean): readonly string[] {
  if (wanted.name === anonymousUser.name) return wanted.groups.includes(UNAUTHENTICATED) ? wanted.groups : [...wanted.groups, UNAUTHENTICATED]
  const groups = ownGroups(wanted, bound)
  return groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED) ? groups : [...groups, AUTHENTICATED]
}

function ownGroups({ name, groups }: User, bound: boolean): readonly string[] {
  if (bound && nodeOf(name) !== undefined) return [NODES]
  const account = groups.length === 0 ? serviceAccountOf(name) : undefined
  return account ? [SERVICE_ACCOUNTS, `${SERVICE_ACCOUNTS}:${account.namespace}`] : groups
}
