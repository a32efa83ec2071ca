import { expect, test } from 'vitest'
import type { ApiResource } from './discovery-cache.ts'
import { labelMatcher } from './labels.ts'
import { findResource, objectName, pathOf, resourcesOfCategory } from './resources.ts'

const resource = (group: string, kind: string, more: Partial<ApiResource> = {}): ApiResource => ({ group, version: 'v1', plural: `${kind.toLowerCase()}s`, singular: kind.toLowerCase(), kind, namespaced: true, shortNames: [], categories: [], verbs: [], subresources: [], ...more })
const RESOURCES = [
  resource('', 'Pod', { shortNames: ['po'], categories: ['all'] }),
  resource('', 'Event', { shortNames: ['ev'] }),
  resource('', 'Node', { shortNames: ['no'], namespaced: false }),
  resource('apps', 'Deployment', { shortNames: ['deploy'], categories: ['all'] }),
  resource('events.k8s.io', 'Event', { shortNames: ['ev'] }),
  resource('x.io', 'Po', { version: 'v2' }),
]

test.each([
  ['pods', 'Pod '],
  ['pod', 'Pod '],
  ['POD', 'Pod '],
  ['deploy', 'Deployment apps'],
  ['deployments.apps', 'Deployment apps'],
  ['deploy.v1.apps', 'Deployment apps'],
  ['events', 'Event '],
  ['ev.events.k8s.io', 'Event events.k8s.io'],
  ['events.v1.events.k8s.io', 'Event events.k8s.io'],
  // A full name comes before a short one.
  ['po', 'Po x.io'],
  ['deployments.nope', undefined],
  ['nope', undefined],
])('%s', (word, expected) => {
  const found = findResource(RESOURCES, word)
  expect(found && `${found.kind} ${found.group}`).toBe(expected)
})

test('categories, paths and names', () => {
  expect(resourcesOfCategory(RESOURCES, 'all').map(({ plural }) => plural)).toEqual(['pods', 'deployments'])
  const [pods, , nodes, deployments] = RESOURCES
  expect(deployments && pathOf(deployments, { namespace: 'a', name: 'b', subresource: 'scale' })).toBe('/apis/apps/v1/namespaces/a/deployments/b/scale')
  expect(pods && pathOf(pods)).toBe('/api/v1/pods')
  expect(nodes && pathOf(nodes, { namespace: 'a', name: 'n1' })).toBe('/api/v1/nodes/n1')
  expect(deployments && objectName(deployments, 'web')).toBe('deployment.apps/web')
})

test('label selectors', () => {
  expect(labelMatcher('a in (x,y),!b')({ a: 'x' })).toBe(true)
  expect(labelMatcher('a in (x,y),!b')({ a: 'x', b: '' })).toBe(false)
  expect(() => labelMatcher('a in (')).toThrow(/unable to parse selector/)
})
