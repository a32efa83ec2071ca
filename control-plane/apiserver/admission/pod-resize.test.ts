import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../core/testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const POD = '/api/v1/namespaces/x/pods/p'

/** A pod that asks for 100 m on a node of 2, which holds the container already. */
async function running(): Promise<void> {
  await server.ask('POST /api/v1/nodes', { metadata: { name: 'n1' } })
  await server.ask('PUT /api/v1/nodes/n1/status', { metadata: { name: 'n1' }, status: { capacity: { cpu: '2', memory: '1Gi' }, allocatable: { cpu: '2', memory: '1Gi' } } })
  await server.ask('POST /api/v1/namespaces/x/pods', { metadata: { name: 'p' }, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'busybox:1.35', resources: { requests: { cpu: '100m', memory: '32Mi' } } }] } })
}

const resize = (cpu: string, memory: string): ReturnType<TestServer['ask']> => server.ask(`PUT ${POD}/resize`, { metadata: { name: 'p' }, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'busybox:1.35', resources: { requests: { cpu, memory } } }] } })

test('a resize to more than the node has at all is refused; what it has is not asked here', async () => {
  await running()
  expect(await resize('1000', '32Mi')).toMatchObject({ status: 403, body: { reason: 'Forbidden', message: 'pods "p" is forbidden: Node didn\'t have enough capacity: cpu, requested: 1000000, capacity: 2000' } })
  expect(await resize('100m', '2Gi')).toMatchObject({ status: 403, body: { message: `pods "p" is forbidden: Node didn't have enough capacity: memory, requested: ${2 ** 31}, capacity: ${2 ** 30}` } })
  expect((await resize('2', '1Gi')).status).toBe(200)
})
