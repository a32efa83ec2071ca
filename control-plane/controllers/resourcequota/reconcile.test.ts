import { expect, test } from 'vitest'
import type { Pod, ResourceQuota } from '../../../shared/model/gen/api.ts'
import { configMaps, pods, resourceQuotas, secrets } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { createResourceQuotaController } from './reconcile.ts'

const quota = (hard: Readonly<Record<string, string>>): ResourceQuota => ({ metadata: { name: 'q', namespace: 'ns' }, spec: { hard }, status: {} })
const AT = { namespace: 'ns', name: 'q' } as const
const pod = (name: string, cpu: string): Pod => ({ metadata: { name, namespace: 'ns' }, spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] } })

test('what is there is counted, and what goes is given back', async () => {
  await using here = world()
  await here.start(createResourceQuotaController(here.parts, [pods, secrets, configMaps]))
  await here.client.create(pods, pod('a', '250m'))
  await here.client.create(pods, pod('b', '1'))
  await here.client.create(resourceQuotas, quota({ pods: '5', cpu: '2', 'count/secrets': '1', 'count/unknown.example.com': '1' }))
  await here.clock.advance(1000)
  expect((await here.client.get(resourceQuotas, AT)).status).toEqual({ hard: { pods: '5', cpu: '2', 'count/secrets': '1', 'count/unknown.example.com': '1' }, used: { pods: '2', cpu: '1250m', 'count/secrets': '0' } })
  await here.client.delete(pods, { namespace: 'ns', name: 'a' }, { gracePeriodSeconds: 0 })
  await here.clock.advance(2000)
  expect((await here.client.get(resourceQuotas, AT)).status?.used).toMatchObject({ pods: '1', cpu: '1' })
})

test('it is not waited for informers of what nobody writes: they say how far they have come', async () => {
  await using here = world()
  await here.start(createResourceQuotaController(here.parts, [pods, secrets, configMaps]))
  await here.client.create(pods, pod('a', '250m'))
  await here.client.create(resourceQuotas, quota({ pods: '5', 'count/secrets': '1', 'count/configmaps': '1' }))
  await here.clock.advance(100)
  expect((await here.client.get(resourceQuotas, AT)).status?.used).toEqual({ pods: '1', 'count/secrets': '0', 'count/configmaps': '0' })
})

test('a charge of something that was not made after all does not stay', async () => {
  await using here = world()
  await here.start(createResourceQuotaController(here.parts, [pods]))
  await here.client.create(resourceQuotas, quota({ pods: '5' }))
  await here.clock.advance(3000)
  const stored = await here.client.get(resourceQuotas, AT)
  await here.client.update(resourceQuotas, { ...stored, status: { ...stored.status, used: { pods: '3' } } }, { subresource: 'status' })
  await here.clock.advance(1000)
  expect((await here.client.get(resourceQuotas, AT)).status?.used).toEqual({ pods: '3' })
  await here.clock.advance(3000)
  expect((await here.client.get(resourceQuotas, AT)).status?.used).toEqual({ pods: '0' })
})

test('what somebody has just charged is not given back before it can be there', async () => {
  await using here = world()
  await here.start(createResourceQuotaController(here.parts, [pods]))
  await here.client.create(pods, pod('a', '1'))
  await here.client.create(resourceQuotas, quota({ pods: '5' }))
  await here.clock.advance(3000)
  // A pod goes, and just before it is counted anew another one is charged.
  await here.client.delete(pods, { namespace: 'ns', name: 'a' }, { gracePeriodSeconds: 0 })
  await here.clock.advance(150)
  const stored = await here.client.get(resourceQuotas, AT)
  await here.client.update(resourceQuotas, { ...stored, status: { ...stored.status, used: { pods: '2' } } }, { subresource: 'status' })
  await here.clock.advance(100)
  await here.client.create(pods, pod('b', '1'))
  expect((await here.client.get(resourceQuotas, AT)).status?.used).toEqual({ pods: '2' })
  await here.clock.advance(2000)
  expect((await here.client.get(resourceQuotas, AT)).status?.used).toEqual({ pods: '1' })
})
