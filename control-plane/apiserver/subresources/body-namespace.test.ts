import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { pods } from '../../../shared/model/resources.ts'
import { startTestServer, type TestServer } from '../core/testing.ts'

let server: TestServer
beforeAll(async () => void (server = await startTestServer()))
afterAll(() => server.stop())

const OTHER = 'the namespace of the provided object does not match the namespace sent on the request'

test('what is written through a subresource names no other namespace than its path', async () => {
  await server.client.create(pods, { metadata: { name: 'p', namespace: 'x' }, spec: { containers: [{ name: 'app', image: 'busybox' }] } })
  const said = async (path: string, body: JsonObject): Promise<readonly unknown[]> => {
    const answer = await server.ask(`POST /api/v1/namespaces/x/${path}`, body)
    return [answer.status, answer.body['message']]
  }
  const metadata = { name: 'p', namespace: 'other' }
  const target = { kind: 'Node', name: 'n' }
  expect(await said('pods/p/eviction', { apiVersion: 'policy/v1', kind: 'Eviction', metadata })).toEqual([400, OTHER])
  expect(await said('pods/p/binding', { apiVersion: 'v1', kind: 'Binding', metadata, target })).toEqual([400, OTHER])
  expect(await said('bindings', { apiVersion: 'v1', kind: 'Binding', metadata, target })).toEqual([400, OTHER])
  expect(await said('bindings', { apiVersion: 'v1', kind: 'Binding', metadata: {}, target })).toEqual([400, 'Name parameter required.'])
  expect((await server.client.get(pods, { namespace: 'x', name: 'p' })).spec?.nodeName).toBeUndefined()
})
