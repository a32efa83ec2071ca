import { expect, test } from 'vitest'
import { startTestServer } from '../core/testing.ts'

const RANGE = '/apis/networking.k8s.io/v1/servicecidrs/kubernetes'

test('a server that ended between the range of services and its status is made up for at the next start', async () => {
  const first = await startTestServer()
  const made = await first.ask(`GET ${RANGE}`)
  expect(made.body).toMatchObject({ status: { conditions: [{ type: 'Ready', status: 'True' }] } })
  expect((await first.ask(`PUT ${RANGE}/status`, { ...made.body, status: {} })).body).not.toHaveProperty('status.conditions')
  first.stop()
  const second = await startTestServer(first.storage)
  expect((await second.ask(`GET ${RANGE}`)).body).toMatchObject({ status: { conditions: [{ type: 'Ready', status: 'True' }] } })
  second.stop()
})
