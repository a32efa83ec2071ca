import { expect, test } from 'vitest'
import { requestAttributes } from './attributes.ts'
import { nodeAuthorizer } from './node.ts'

const node = { name: 'system:node:one', uid: '', groups: ['system:nodes', 'system:authenticated'], extra: {} }
const authorize = nodeAuthorizer({ isPodOfNode: (_node, { name }) => name === 'mine', isReferencedByNode: (_node, { name }) => name === 'used' })

function attributesOf(line: string): ReturnType<typeof requestAttributes> {
  const [method = '', target = ''] = line.split(' ')
  const url = new URL(target, 'http://server')
  return requestAttributes({ user: node, method, path: url.pathname, query: url.searchParams })
}

const selecting = (path: string, selector: string, method = 'GET'): string => `${method} ${path}?fieldSelector=${encodeURIComponent(selector)}`

test.each([
  ['metadata.name=used', 'used'],
  ['metadata.name==used', 'used'],
  ['metadata.namespace=x,metadata.name=used', 'used'],
  // One value with a comma in it: nothing is said of the name.
  [String.raw`metadata.namespace!=x\,metadata.name=used`, ''],
  [String.raw`metadata.namespace!=x\,metadata.name\=used`, ''],
  ['metadata.name!=used', ''],
  // No name of anything.
  ['metadata.name=a/b', ''],
  ['no selector', ''],
])('the name that a list is held against is the one its selector demands: %s', (selector, name) => {
  expect(attributesOf(selecting('/api/v1/namespaces/x/secrets', selector))).toMatchObject({ name })
})

test('only reads are about the name in a selector: a collection is deleted as a whole', () => {
  expect(attributesOf(selecting('/api/v1/namespaces/x/secrets', 'metadata.name=used', 'DELETE'))).toMatchObject({ verb: 'deletecollection', name: '' })
})

test.each([
  ['/api/v1/namespaces/x/secrets', String.raw`metadata.namespace!=x\,metadata.name=used`],
  ['/api/v1/namespaces/x/secrets', String.raw`metadata.name!=x\,metadata.name\=used`],
  ['/api/v1/pods', String.raw`metadata.name!=x\,spec.nodeName=one`],
  ['/api/v1/pods', String.raw`metadata.name!=x\,spec.nodeName\=one`],
  ['/api/v1/namespaces/x/pods', String.raw`metadata.name!=x\,metadata.name=mine`],
])('a node does not get what is not its own by a comma in a value: %s %s', (path, selector) => {
  expect(authorize(attributesOf(selecting(path, selector))).kind).toBe('no-opinion')
  expect(authorize(attributesOf(`${selecting(path, selector)}&watch=1`)).kind).toBe('no-opinion')
})

test('a node lists the pods that are its own', () => {
  expect(authorize(attributesOf(selecting('/api/v1/pods', 'metadata.namespace=x,spec.nodeName=one'))).kind).toBe('allow')
  expect(authorize(attributesOf(selecting('/api/v1/pods', 'spec.nodeName=two'))).kind).toBe('no-opinion')
})
