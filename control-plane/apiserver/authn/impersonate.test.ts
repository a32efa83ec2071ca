import { describe, expect, test } from 'vitest'
import type { PolicyRule } from '../../../shared/model/gen/api.ts'
import { createAuthorizer } from '../authz/authz.ts'
import { createRbac } from '../authz/rbac/rbac.ts'
import type { ApiRequest, User } from '../request.ts'
import { createImpersonation, type Impersonation } from './impersonate.ts'

const nodes = { isPodOfNode: () => false, isReferencedByNode: () => false }
const admin: User = { name: 'admin', uid: '', groups: ['system:masters'], extra: {} }
const asking = (headers: Record<string, string>, user: User, path = '/'): ApiRequest => ({ method: 'GET', path, query: new URLSearchParams(), headers, body: new Uint8Array(), user, remoteAddress: '', signal: new AbortController().signal })
const as = (headers: Record<string, string>, groups = admin.groups): Impersonation => createImpersonation(createAuthorizer({ nodes }))(asking(headers, { ...admin, groups }))

describe('impersonation', () => {
  test('nobody else is named', () => expect(as({})).toMatchObject({ user: { name: 'admin' } }))
  test('a user, groups, extras', () => {
    expect(as({ 'impersonate-user': 'jane', 'impersonate-group': 'dev\nops', 'impersonate-uid': 'u1', 'impersonate-extra-acme%2fscope': 'a' })).toEqual({
      kind: 'user',
      user: { name: 'jane', uid: 'u1', groups: ['dev', 'ops', 'system:authenticated'], extra: { 'acme/scope': ['a'] } },
    })
  })
  test('a service account brings its groups', () => {
    expect(as({ 'impersonate-user': 'system:serviceaccount:there:bot' })).toMatchObject({ user: { groups: ['system:serviceaccounts', 'system:serviceaccounts:there', 'system:authenticated'] } })
    expect(as({ 'impersonate-user': 'system:serviceaccount:Bad_NS:bot' })).toMatchObject({ user: { groups: ['system:authenticated'] } })
    expect(as({ 'impersonate-user': 'system:anonymous' })).toMatchObject({ user: { groups: ['system:unauthenticated'] } })
  })
  test('without a name it is refused, in Go’s words', () => {
    const message = (headers: Record<string, string>): unknown => (as(headers) as { status?: { message?: string } }).status?.message
    expect(message({ 'impersonate-group': 'x' })).toBe('requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"x"}, Extra:map[string][]string(nil)} without impersonating a user name')
    expect(message({ 'impersonate-extra-scopes': 'x' })).toBe('requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string(nil), Extra:map[string][]string{"scopes":[]string{"x"}}} without impersonating a user name')
    expect(message({ 'impersonate-uid': 'u' })).toBe('requested &user.DefaultInfo{Name:"", UID:"u", Groups:[]string(nil), Extra:map[string][]string(nil)} without impersonating a user name')
  })
  test('who may not is told so, and never let through as itself', () => {
    expect(as({ 'impersonate-user': 'jane' }, ['system:authenticated'])).toMatchObject({ kind: 'refused', status: { code: 403, message: 'forbidden: User "admin" cannot impersonate-on:user-info:get path "/"' } })
  })
})

/** A sender who holds these rules, everywhere. */
function sender(rules: readonly PolicyRule[], extra: User['extra'] = {}): (headers: Record<string, string>, path?: string) => Impersonation {
  const rbac = createRbac()
  rbac.index.set('ClusterRole', { namespace: '', name: 'r' }, { metadata: { name: 'r' }, rules })
  const name = 'system:serviceaccount:x:bot'
  rbac.index.set('ClusterRoleBinding', { namespace: '', name: 'b' }, { metadata: { name: 'b' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' }, subjects: [{ kind: 'ServiceAccount', namespace: 'x', name: 'bot' }] })
  const impersonate = createImpersonation(createAuthorizer({ nodes, rbac: rbac.authorizer }))
  const user: User = { name, uid: '', groups: ['system:serviceaccounts', 'system:serviceaccounts:x', 'system:authenticated'], extra }
  return (headers, path = '/api/v1/namespaces/a/pods') => impersonate(asking(headers, user, path))
}

const parts = (verb: string, resources: readonly string[], resourceNames?: readonly string[]): PolicyRule => ({ verbs: [verb], apiGroups: ['authentication.k8s.io'], resources, ...(resourceNames && { resourceNames }) })
const on = (verb: string): PolicyRule => ({ verbs: [verb], apiGroups: [''], resources: ['pods'] })
const message = (outcome: Impersonation): string | undefined => (outcome.kind === 'refused' ? outcome.status.message : undefined)
const groups = (outcome: Impersonation): readonly string[] | undefined => (outcome.kind === 'user' ? outcome.user.groups : undefined)
const BOT = 'User "system:serviceaccount:x:bot" cannot'

describe('bound to what is asked', () => {
  const users = [on('impersonate-on:user-info:list'), parts('impersonate:user-info', ['users'], ['jane']), parts('impersonate:user-info', ['groups', 'userextras/acme.io/x', 'uids'])]
  test('a user, for what the sender may do as users', () => {
    const bot = sender(users)
    expect(groups(bot({ 'impersonate-user': 'jane' }))).toEqual(['system:authenticated'])
    expect(message(bot({ 'impersonate-user': 'jane' }, '/api/v1/namespaces/a/pods/p'))).toBe(`pods "p" is forbidden: ${BOT} impersonate-on:user-info:get resource "pods" in API group "" in the namespace "a"`)
    expect(message(bot({ 'impersonate-user': 'joe' }))).toBe(`users.authentication.k8s.io "joe" is forbidden: ${BOT} impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope`)
  })
  test('what makes no sense is refused', () => {
    const bot = sender(users)
    const refused = (headers: Record<string, string>): string | undefined => message(bot({ 'impersonate-user': 'jane', ...headers }))
    expect(groups(bot({ 'impersonate-user': 'jane', 'impersonate-group': 'a\nb', 'impersonate-uid': 'u', 'impersonate-extra-acme.io%2fx': 'y' }))).toEqual(['a', 'b', 'system:authenticated'])
    expect(refused({ 'impersonate-group': 'system:masters' })).toMatch(/^groups\.authentication\.k8s\.io "system:masters" is forbidden: .* at the cluster scope: impersonating the system:masters group is not allowed$/)
    expect(refused({ 'impersonate-group': '' })).toMatch(/: impersonating the empty string group is not allowed$/)
    expect(refused({ 'impersonate-extra-scopes': 'y' })).toMatch(/^userextras\.authentication\.k8s\.io is forbidden: .*: impersonating an invalid key in extra is not allowed: extra\.key: Invalid value: "scopes": must be a domain-prefixed path \(such as "acme\.io\/foo"\)$/)
    expect(refused({ 'impersonate-extra-acme.io%2fx': '' })).toMatch(/: impersonating the empty string value in extra is not allowed$/)
  })
  test('many groups may be allowed at once', () => {
    const named = sender([...users.slice(0, 2), parts('impersonate:user-info', ['groups'], ['*'])])
    expect(groups(named({ 'impersonate-user': 'jane', 'impersonate-group': 'a\nb\nc\nd' }))).toHaveLength(5)
    expect(message(named({ 'impersonate-user': 'jane', 'impersonate-group': 'a\nb\nc' }))).toMatch(/^groups\.authentication\.k8s\.io "a" is forbidden/)
  })
  test('users are neither nodes nor service accounts', () => {
    const bot = sender([on('impersonate-on:user-info:list'), parts('impersonate:user-info', ['*'])])
    expect(message(bot({ 'impersonate-user': 'system:node:n' }))).toMatch(/^pods is forbidden: .* cannot impersonate-on:arbitrary-node:list resource "pods"/)
    expect(message(bot({ 'impersonate-user': 'system:serviceaccount:x:y' }))).toMatch(/^pods is forbidden: .* cannot impersonate-on:serviceaccount:list resource "pods"/)
  })
  test('a service account, in its namespace', () => {
    const bot = sender([on('impersonate-on:serviceaccount:list'), parts('impersonate:serviceaccount', ['serviceaccounts'], ['y'])])
    expect(groups(bot({ 'impersonate-user': 'system:serviceaccount:x:y' }))).toEqual(['system:serviceaccounts', 'system:serviceaccounts:x', 'system:authenticated'])
    expect(message(bot({ 'impersonate-user': 'system:serviceaccount:x:z' }))).toMatch(/^serviceaccounts\.authentication\.k8s\.io "z" is forbidden: .* impersonate:serviceaccount resource "serviceaccounts" in API group "authentication\.k8s\.io" in the namespace "x"$/)
    // With anything beside its name it is spoken for in the old way, or not at all.
    expect(message(bot({ 'impersonate-user': 'system:serviceaccount:x:y', 'impersonate-group': 'g' }))).toMatch(/^serviceaccounts "y" is forbidden: .* cannot impersonate resource "serviceaccounts" in API group ""/)
  })
  test('a node has the groups of nodes', () => {
    const bot = sender([on('impersonate-on:arbitrary-node:list'), parts('impersonate:arbitrary-node', ['nodes'], ['n'])])
    expect(groups(bot({ 'impersonate-user': 'system:node:n' }))).toEqual(['system:nodes', 'system:authenticated'])
    expect(message(bot({ 'impersonate-user': 'system:node:m' }))).toMatch(/^nodes\.authentication\.k8s\.io "m" is forbidden/)
    expect(groups(as({ 'impersonate-user': 'system:node:n' }))).toEqual(['system:nodes', 'system:authenticated'])
  })
  test('the node the sender runs on', () => {
    const rules = [on('impersonate-on:associated-node:list'), parts('impersonate:associated-node', ['nodes'])]
    const there = sender(rules, { 'authentication.kubernetes.io/node-name': ['n'] })
    expect(groups(there({ 'impersonate-user': 'system:node:n' }))).toEqual(['system:nodes', 'system:authenticated'])
    expect(message(there({ 'impersonate-user': 'system:node:m' }))).toMatch(/cannot impersonate-on:arbitrary-node:list/)
    const unnamed = sender([rules[0] ?? on(''), parts('impersonate:associated-node', ['nodes'], ['n'])], { 'authentication.kubernetes.io/node-name': ['n'] })
    expect(message(unnamed({ 'impersonate-user': 'system:node:n' }))).toMatch(/^nodes\.authentication\.k8s\.io "\*" is forbidden/)
  })
  test('whoever spoke for others in the old way is told of that one', () => {
    const bot = sender([{ verbs: ['impersonate'], apiGroups: [''], resources: ['users'], resourceNames: ['jane'] }])
    expect(message(bot({ 'impersonate-user': 'joe' }))).toMatch(/cannot impersonate-on:user-info:list/)
    expect(bot({ 'impersonate-user': 'jane' }).kind).toBe('user')
    expect(message(bot({ 'impersonate-user': 'joe' }))).toBe(`users "joe" is forbidden: ${BOT} impersonate resource "users" in API group "" at the cluster scope`)
  })
})
