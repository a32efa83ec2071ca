import { describe, expect, test } from 'vitest'
import { createAuthorizer } from '../authz/authz.ts'
import type { ApiRequest } from '../request.ts'
import { impersonate } from './impersonate.ts'

const authorize = createAuthorizer({ nodes: { isPodOfNode: () => false, isReferencedByNode: () => false } })
const as = (headers: Record<string, string>, groups = ['system:masters']): ReturnType<typeof impersonate> =>
  impersonate({ method: 'GET', path: '/', query: new URLSearchParams(), headers, body: new Uint8Array(), user: { name: 'admin', uid: '', groups, extra: {} }, remoteAddress: '', signal: new AbortController().signal } satisfies ApiRequest, authorize)

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
    expect(as({ 'impersonate-user': 'jane' }, ['system:authenticated'])).toMatchObject({ kind: 'refused', status: { code: 403, message: 'users "jane" is forbidden: User "admin" cannot impersonate resource "users" in API group "" at the cluster scope' } })
  })
})
