import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../core/testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.ask('POST /api/v1/namespaces', { metadata: { name: 'admin', labels: { 'resource.kubernetes.io/admin-access': 'true' } } })
})
afterAll(() => server.stop())

const spec = { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'c' } }, { name: 'b', exactly: { deviceClassName: 'c', adminAccess: true } }] } }
const bodies = { resourceclaims: { metadata: { name: 'r' }, spec }, resourceclaimtemplates: { metadata: { name: 'r' }, spec: { spec } } }

test.each(['resourceclaims', 'resourceclaimtemplates'] as const)('%s look into devices of others only from namespaces that are for that', async (plural) => {
  const post = (namespace: string): ReturnType<TestServer['ask']> => server.ask(`POST /apis/resource.k8s.io/v1/namespaces/${namespace}/${plural}`, bodies[plural])
  const refused = await post('x')
  expect(refused.status).toBe(422)
  expect(refused.body['message']).toContain('"r" is invalid: spec.devices.requests[1].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace')
  expect((await post('admin')).status).toBe(201)
})

test('nor is it granted by a status', async () => {
  const CLAIMS = '/apis/resource.k8s.io/v1/namespaces/x/resourceclaims'
  const requests = [{ name: 'a', exactly: { deviceClassName: 'c' } }]
  const { body } = await server.ask(`POST ${CLAIMS}`, { metadata: { name: 's' }, spec: { devices: { requests } } })
  const status = { allocation: { devices: { results: [{ request: 'a', driver: 'd.example.com', pool: 'p', device: 'd', adminAccess: true }] } } }
  const answer = await server.ask(`PUT ${CLAIMS}/s/status`, { ...body, status })
  expect(answer.status).toBe(422)
  expect(answer.body['message']).toContain('status.allocation.devices.results[0].adminAccess: Forbidden: admin access to devices')
})
