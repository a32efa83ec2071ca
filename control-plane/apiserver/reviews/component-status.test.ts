import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../core/testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const PATH = '/api/v1/componentstatuses'

test('parts of the control plane are listed, and read by their names', async () => {
  expect(await server.ask(`GET ${PATH}`)).toMatchObject({ status: 200, body: { items: [{ metadata: { name: 'scheduler' } }, {}, { metadata: { name: 'etcd-0' } }] } })
  expect(await server.ask(`GET ${PATH}/etcd-0`)).toMatchObject({ status: 200, body: { kind: 'ComponentStatus', metadata: { name: 'etcd-0' }, conditions: [{ type: 'Healthy', status: 'True' }] } })
  expect(await server.ask(`GET ${PATH}/nobody`)).toMatchObject({ status: 500, body: { message: 'Component not found: nobody', code: 500 } })
  expect(await server.ask(`DELETE ${PATH}/etcd-0`)).toMatchObject({ status: 405 })
})
