import { expect, test } from 'vitest'
import type { Pod, Service } from '../../../shared/model/gen/api.ts'
import { endpoints, pods, services } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { planEndpoints } from './plan.ts'
import { createEndpointsController } from './reconcile.ts'

const service = (spec: Service['spec'] = {}): Service => ({ metadata: { name: 'web', namespace: 'ns', labels: { team: 'a' } }, spec: { selector: { app: 'web' }, clusterIP: '10.96.0.9', ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec } })

const pod = (name: string, ip: string, ready = true): Pod => ({
  metadata: { name, namespace: 'ns', uid: `uid-${name}`, labels: { app: 'web' } },
  spec: { nodeName: 'n1', containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 9000 }] }] },
  status: { phase: 'Running', podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})

const subsetsFor = (of: Service, all: readonly Pod[]): unknown => {
  const step = planEndpoints({ service: of, pods: all, existing: undefined })
  return step.kind === 'none' ? undefined : step.endpoints.subsets
}

test('ready and waiting pods stand in one subset, ports with other numbers in another', () => {
  const found = subsetsFor(service({ ports: [{ name: 'http', port: 80, targetPort: 8080 }, { name: 'web', port: 81, targetPort: 'web' }] }), [pod('a', '10.0.0.1'), pod('b', '10.0.0.2', false)])
  expect(found).toMatchObject([{ addresses: [{ ip: '10.0.0.1', nodeName: 'n1', targetRef: { kind: 'Pod', name: 'a' } }], notReadyAddresses: [{ ip: '10.0.0.2' }], ports: [{ name: 'http', port: 8080 }, { name: 'web', port: 9000 }] }])
})

test('terminating and finished pods are in none, unless those that are not ready are wanted', () => {
  const going: Pod = { ...pod('a', '10.0.0.1'), metadata: { ...pod('a', '').metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
  const ended: Pod = { ...pod('b', '10.0.0.2'), status: { ...pod('b', '10.0.0.2').status, phase: 'Succeeded' } }
  expect(subsetsFor(service(), [going, ended])).toBeUndefined()
  expect(subsetsFor(service({ publishNotReadyAddresses: true }), [going, ended])).toMatchObject([{ addresses: [{ ip: '10.0.0.1' }] }])
})

test('a headless service without ports has addresses alone, and a label', () => {
  const step = planEndpoints({ service: service({ clusterIP: 'None', ports: [] }), pods: [pod('a', '10.0.0.1')], existing: undefined })
  expect(step).toMatchObject({ kind: 'create', endpoints: { metadata: { labels: { team: 'a', 'service.kubernetes.io/headless': '', 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } } } })
  expect(step.kind === 'none' ? undefined : step.endpoints.subsets).toEqual([{ addresses: [expect.objectContaining({ ip: '10.0.0.1' })] }])
})

test('at most a thousand addresses, ready ones first', () => {
  const many = Array.from({ length: 1100 }, (_, index) => pod(`p${index}`, `10.1.${index >> 8}.${index & 255}`, index >= 200))
  const step = planEndpoints({ service: service(), pods: many, existing: undefined })
  expect(step).toMatchObject({ endpoints: { metadata: { annotations: { 'endpoints.kubernetes.io/over-capacity': 'truncated' } } } })
  const [subset] = step.kind === 'none' ? [] : (step.endpoints.subsets ?? [])
  expect([subset?.addresses?.length, subset?.notReadyAddresses?.length]).toEqual([900, 100])
})

test('they say since when a change waited; that alone is written for nothing', () => {
  const view = { service: service(), pods: [pod('a', '10.0.0.1')] }
  const made = planEndpoints({ ...view, existing: undefined, triggeredAt: '2026-01-01T00:00:05Z' })
  if (made.kind === 'none') throw new Error('nothing was made')
  expect(made.endpoints.metadata.annotations).toEqual({ 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:05Z' })
  expect(planEndpoints({ ...view, existing: made.endpoints, triggeredAt: '2026-01-01T00:00:09Z' })).toEqual({ kind: 'none' })
  const next = planEndpoints({ ...view, pods: [], existing: made.endpoints })
  expect(next.kind === 'none' ? 'none' : next.endpoints.metadata.annotations).toBe(undefined)
})

test('planning twice gives no second step; what is made goes with its service, what somebody made for no service stays', async () => {
  await using here = world()
  await here.start(createEndpointsController(here.parts))
  await here.client.create(pods, pod('a', '10.0.0.1'))
  await here.client.create(services, service())
  await here.client.create(endpoints, { metadata: { name: 'own', namespace: 'ns' }, subsets: [{ addresses: [{ ip: '192.0.2.1' }] }] })
  await here.clock.advance(500)
  const writes = here.client.calls.filter(({ plural }) => plural === 'endpoints').length
  await here.clock.advance(5000)
  expect(here.client.calls.filter(({ plural }) => plural === 'endpoints')).toHaveLength(writes)
  expect(here.client.all(endpoints).map((one) => one.metadata.name)).toEqual(['own', 'web'])
  await here.client.delete(services, { namespace: 'ns', name: 'web' })
  await here.clock.advance(500)
  expect(here.client.all(endpoints).map((one) => one.metadata.name)).toEqual(['own'])
})

test('what an earlier control plane made for a service that is gone since is removed at the start; what somebody made stays', async () => {
  await using here = world()
  const made = planEndpoints({ service: service(), pods: [pod('a', '10.0.0.1')], existing: undefined })
  if (made.kind !== 'create') throw new Error('nothing was made')
  await here.client.create(endpoints, made.endpoints)
  await here.client.create(endpoints, { metadata: { name: 'own', namespace: 'ns' }, subsets: [] })
  await here.start(createEndpointsController(here.parts))
  await here.clock.advance(1000)
  expect(here.client.all(endpoints).map(({ metadata }) => metadata.name)).toEqual(['own'])
})
