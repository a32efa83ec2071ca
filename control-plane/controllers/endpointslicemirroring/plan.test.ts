import { expect, test } from 'vitest'
import type { Endpoints, Service } from '../../../shared/model/gen/api.ts'
import { endpoints, endpointSlices, services } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { planMirror } from './plan.ts'
import { createEndpointSliceMirroringController } from './reconcile.ts'

const service: Service = { metadata: { name: 'db', namespace: 'ns' }, spec: { ports: [{ port: 5432 }] } }
const made: Endpoints = { metadata: { name: 'db', namespace: 'ns', uid: 'u', labels: { team: 'x' } }, subsets: [{ addresses: [{ ip: '192.0.2.1' }], notReadyAddresses: [{ ip: 'fd00::1' }], ports: [{ name: 'db', port: 5432, protocol: 'TCP' }] }] }

test('a subset becomes a slice for each family', () => {
  const { create } = planMirror({ endpoints: made, service, slices: [] })
  expect(create.map(({ addressType, endpoints: all }) => [addressType, all?.map((one) => [one.addresses[0], one.conditions?.ready])])).toEqual([
    ['IPv4', [['192.0.2.1', true]]],
    ['IPv6', [['fd00::1', false]]],
  ])
  expect(create[0]?.metadata).toMatchObject({ generateName: 'db-', labels: { team: 'x', 'kubernetes.io/service-name': 'db', 'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io' }, ownerReferences: [{ kind: 'Endpoints', name: 'db' }] })
})

test.each([
  ['without a service', made, undefined],
  ['of a service with a selector', made, { ...service, spec: { selector: { a: 'b' } } }],
  ['that say so', { ...made, metadata: { ...made.metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } } }, service],
])('Endpoints %s are not mirrored', (_, one, of) => {
  expect(planMirror({ endpoints: one, service: of, slices: [] }).create).toEqual([])
})

test('slices follow their Endpoints, and go with them', async () => {
  await using here = world()
  await here.start(createEndpointSliceMirroringController(here.parts))
  await here.client.create(services, service)
  const stored = await here.client.create(endpoints, { metadata: { name: 'db', namespace: 'ns' }, subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 1, protocol: 'TCP' }] }] })
  await here.clock.advance(100)
  await here.client.update(endpoints, { ...stored, subsets: [{ addresses: [{ ip: '192.0.2.2' }], ports: [{ port: 1, protocol: 'TCP' }] }] })
  await here.clock.advance(100)
  expect(here.client.all(endpointSlices).map((slice) => slice.endpoints)).toEqual([[{ addresses: ['192.0.2.2'], conditions: { ready: true } }]])
  await here.client.delete(endpoints, { namespace: 'ns', name: 'db' })
  await here.clock.advance(100)
  expect(here.client.all(endpointSlices)).toEqual([])
})
