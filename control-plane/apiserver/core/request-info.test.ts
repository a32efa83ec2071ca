import { expect, test } from 'vitest'
import { parsePath, verbOf } from './request-info.ts'

const resource = { kind: 'resource', group: '', version: 'v1', namespace: '', name: '', subresource: '', rest: '', watchPrefix: false }

test.each([
  ['/api/v1/pods', { ...resource, plural: 'pods' }],
  ['/api/v1/namespaces/x/pods/', { ...resource, plural: 'pods', namespace: 'x' }],
  ['/api/v1/namespaces/x/pods/a/log', { ...resource, plural: 'pods', namespace: 'x', name: 'a', subresource: 'log' }],
  ['/api/v1/namespaces/x', { ...resource, plural: 'namespaces', name: 'x' }],
  ['/api/v1/namespaces/x/finalize', { ...resource, plural: 'namespaces', name: 'x', subresource: 'finalize' }],
  ['/apis/apps/v1/namespaces/x/deployments/d/scale', { ...resource, group: 'apps', plural: 'deployments', namespace: 'x', name: 'd', subresource: 'scale' }],
  ['/api/v1/watch/namespaces/x/secrets/a', { ...resource, plural: 'secrets', namespace: 'x', name: 'a', watchPrefix: true }],
  ['/api/v1/nodes/n/proxy/a/b', { ...resource, plural: 'nodes', name: 'n', subresource: 'proxy', rest: 'a/b' }],
  ['/api/v1/namespaces/x//pods', { kind: 'malformed' }],
  ['//api/v1/pods', { kind: 'other', path: '//api/v1/pods' }],
  ['/api/v1', { kind: 'other', path: '/api/v1' }],
  ['/apis/apps/v1/', { kind: 'other', path: '/apis/apps/v1/' }],
  ['/version', { kind: 'other', path: '/version' }],
])('%s', (path, expected) => {
  expect(parsePath(path)).toEqual(expected)
})

test('a watch is asked for by parameter on a collection only', () => {
  expect(verbOf('GET', { name: '', watchPrefix: false }, true)).toBe('watch')
  expect(verbOf('GET', { name: 'a', watchPrefix: false }, true)).toBe('get')
  expect(verbOf('DELETE', { name: '', watchPrefix: false }, false)).toBe('deletecollection')
  expect(verbOf('HEAD', { name: 'a', watchPrefix: false }, false)).toBeUndefined()
})
