import { describe, expect, test } from 'vitest'
import type { PolicyRule, RbacV1Subject, RoleRef } from '../../../../shared/model/gen/api.ts'
import type { User } from '../../request.ts'
import type { Attributes } from '../attributes.ts'
import { compacted, ruleText, uncovered } from './covers.ts'
import { createRbac, type Rbac } from './rbac.ts'
import { ruleAllows } from './rules.ts'

const user = (name: string, ...groups: string[]): User => ({ name, uid: '', groups, extra: {} })
const wanted = (verb: string, resource: string, more: Partial<Extract<Attributes, { kind: 'resource' }>> = {}): Extract<Attributes, { kind: 'resource' }> => {
  const [plural = '', subresource = ''] = resource.split('/')
  return { kind: 'resource', user: user('jane'), verb, group: '', version: 'v1', resource: plural, subresource, namespace: 'x', name: '', fieldSelector: '', ...more }
}
const path = (verb: string, at: string): Attributes => ({ kind: 'path', user: user('jane'), verb, path: at })
const rule = (verbs: string, resources: string, more: Partial<PolicyRule> = {}): PolicyRule => ({ verbs: verbs.split(' '), apiGroups: [''], resources: resources.split(' '), ...more })

describe('one rule', () => {
  const table: ReadonlyArray<readonly [string, PolicyRule, Attributes, boolean]> = [
    ['the verb', rule('get list', 'pods'), wanted('get', 'pods'), true],
    ['another verb', rule('get list', 'pods'), wanted('delete', 'pods'), false],
    ['another group', rule('get', 'pods'), wanted('get', 'pods', { group: 'apps' }), false],
    ['stars', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, wanted('dance', 'things/part', { group: 'a.b' }), true],
    ['a resource is not its subresources', rule('get', 'pods'), wanted('get', 'pods/log'), false],
    ['a subresource is not its resource', rule('get', 'pods/log'), wanted('get', 'pods'), false],
    ['a subresource of anything', rule('get', '*/scale'), wanted('get', 'things/scale'), true],
    ['another subresource of anything', rule('get', '*/scale'), wanted('get', 'things/status'), false],
    ['names', rule('get', 'pods', { resourceNames: ['a'] }), wanted('get', 'pods', { name: 'a' }), true],
    ['other names', rule('get', 'pods', { resourceNames: ['a'] }), wanted('get', 'pods', { name: 'b' }), false],
    ['a list has no name', rule('list', 'pods', { resourceNames: ['a'] }), wanted('list', 'pods'), false],
    ['a path', { verbs: ['get'], nonResourceURLs: ['/healthz'] }, path('get', '/healthz'), true],
    ['a path below', { verbs: ['get'], nonResourceURLs: ['/api/*'] }, path('get', '/api/v1'), true],
    ['a path beside', { verbs: ['get'], nonResourceURLs: ['/api/*'] }, path('get', '/apis'), false],
    ['all paths', { verbs: ['*'], nonResourceURLs: ['*'] }, path('post', '/anything'), true],
    ['resources are no paths', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, path('get', '/metrics'), false],
  ]
  for (const [name, held, what, allowed] of table) test(`${name}: ${allowed}`, () => expect(ruleAllows(held, what)).toBe(allowed))
})

interface Given {
  readonly subject: RbacV1Subject
  readonly role: string
  readonly binding?: string
  readonly namespace?: string
}

function bind(rbac: Rbac, { subject, role, binding = 'b', namespace = 'x' }: Given): void {
  const roleRef: RoleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: namespace === '' ? 'ClusterRole' : 'Role', name: role }
  rbac.index.set(namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding', { namespace, name: binding }, { metadata: { name: binding, namespace }, roleRef, subjects: [subject] })
}

function world(): Rbac {
  const rbac = createRbac()
  rbac.index.set('Role', { namespace: 'x', name: 'reader' }, { metadata: {}, rules: [rule('get', 'pods')] })
  rbac.index.set('ClusterRole', { namespace: '', name: 'nodes' }, { metadata: {}, rules: [rule('get', 'nodes')] })
  return rbac
}

describe('who is given what', () => {
  test('the reason names the binding, the role and whom it was given to', () => {
    const rbac = world()
    bind(rbac, { subject: { kind: 'Group', name: 'devs' }, role: 'reader', binding: 'read' })
    expect(rbac.authorizer({ ...wanted('get', 'pods'), user: user('jane', 'devs') })).toEqual({ kind: 'allow', reason: 'RBAC: allowed by RoleBinding "read/x" of Role "reader" to Group "devs"' })
    expect(rbac.authorizer({ ...wanted('get', 'pods', { namespace: 'y' }), user: user('jane', 'devs') }).kind).toBe('no-opinion')
    expect(rbac.authorizer({ ...wanted('get', 'pods', { namespace: '' }), user: user('jane', 'devs') }).kind).toBe('no-opinion')
    bind(rbac, { subject: { kind: 'User', name: 'jane' }, role: 'nodes', binding: 'all', namespace: '' })
    expect(rbac.authorizer(wanted('get', 'nodes', { namespace: '' }))).toMatchObject({ kind: 'allow', reason: 'RBAC: allowed by ClusterRoleBinding "all" of ClusterRole "nodes" to User "jane"' })
    expect(rbac.authorizer(wanted('get', 'nodes', { namespace: 'anywhere' })).kind).toBe('allow')
  })

  test('a service account without a namespace is one of the binding’s', () => {
    const rbac = world()
    bind(rbac, { subject: { kind: 'ServiceAccount', name: 'bot' }, role: 'reader' })
    expect(rbac.authorizer({ ...wanted('get', 'pods'), user: user('system:serviceaccount:x:bot') })).toMatchObject({ kind: 'allow', reason: 'RBAC: allowed by RoleBinding "b/x" of Role "reader" to ServiceAccount "bot/x"' })
    expect(rbac.authorizer({ ...wanted('get', 'pods'), user: user('system:serviceaccount:y:bot') }).kind).toBe('no-opinion')
    bind(rbac, { subject: { kind: 'ServiceAccount', name: 'bot', namespace: 'y' }, role: 'reader' })
    expect(rbac.authorizer({ ...wanted('get', 'pods'), user: user('system:serviceaccount:x:bot') }).kind).toBe('no-opinion')
    expect(rbac.authorizer({ ...wanted('get', 'pods'), user: user('system:serviceaccount:y:bot') }).kind).toBe('allow')
  })

  test('a binding that leads nowhere is told; one that is gone gives nothing', () => {
    const rbac = world()
    bind(rbac, { subject: { kind: 'User', name: 'jane' }, role: 'missing' })
    expect(rbac.authorizer(wanted('get', 'pods'))).toEqual({ kind: 'no-opinion', reason: 'RBAC: role.rbac.authorization.k8s.io "missing" not found' })
    expect(rbac.rulesFor(user('jane'), 'x').errors).toHaveLength(1)
    rbac.index.set('RoleBinding', { namespace: 'x', name: 'b' }, undefined)
    expect(rbac.authorizer(wanted('get', 'pods'))).toEqual({ kind: 'no-opinion', reason: '' })
  })

  test('a binding that is changed takes from those it left out', () => {
    const rbac = world()
    bind(rbac, { subject: { kind: 'User', name: 'jane' }, role: 'reader' })
    bind(rbac, { subject: { kind: 'User', name: 'joe' }, role: 'reader' })
    expect(rbac.authorizer(wanted('get', 'pods')).kind).toBe('no-opinion')
    expect(rbac.authorizer({ ...wanted('get', 'pods'), user: user('joe') }).kind).toBe('allow')
  })

  test('one among a hundred thousand bindings is found without looking at the others', () => {
    const rbac = world()
    for (let index = 0; index < 100_000; index++) bind(rbac, { subject: { kind: 'User', name: `user-${index}` }, role: 'reader', binding: `b-${index}` })
    const started = performance.now()
    for (let index = 0; index < 1000; index++) expect(rbac.authorizer({ ...wanted('get', 'pods'), user: user(`user-${index * 7}`, 'a', 'b', 'c') }).kind).toBe('allow')
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

describe('what nobody may give away', () => {
  test('is what is not held, piece by piece', () => {
    const held = [rule('get', 'pods'), rule('*', 'secrets', { resourceNames: ['a'] }), rule('update', '*/scale', { apiGroups: ['*'] })]
    expect(uncovered(held, [rule('get', 'pods')])).toEqual([])
    expect(uncovered(held, [rule('get list', 'pods')])).toEqual([rule('list', 'pods')])
    expect(uncovered(held, [rule('delete', 'secrets', { resourceNames: ['a', 'b'] })])).toEqual([rule('delete', 'secrets', { resourceNames: ['b'] })])
    expect(uncovered(held, [rule('delete', 'secrets')])).toHaveLength(1)
    expect(uncovered(held, [rule('update', 'things/scale', { apiGroups: ['a'] })])).toEqual([])
    expect(uncovered([{ verbs: ['get'], nonResourceURLs: ['/api/*'] }], [{ verbs: ['get'], nonResourceURLs: ['/api/v1', '/metrics'] }])).toEqual([{ verbs: ['get'], nonResourceURLs: ['/metrics'] }])
  })
  test('is quoted with the verbs of a resource together', () => {
    expect(compacted(uncovered([], [rule('get list', 'pods secrets')])).map(ruleText)).toEqual(['{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}', '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}'])
    expect(ruleText({ verbs: ['get'], nonResourceURLs: ['/x'] })).toBe('{NonResourceURLs:["/x"], Verbs:["get"]}')
  })
})
