/** What an update of a service keeps, gives out and refuses. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../../shared/model/json.ts'
import { startTestServer, type TestServer } from '../../core/testing.ts'
import { withFamilies } from './families.ts'

let server: TestServer
beforeAll(async () => void (server = await startTestServer()))
afterAll(() => server.stop())

const SERVICES = '/api/v1/namespaces/x/services'
const service = (name: string, spec: JsonObject): JsonObject => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec })
const create = (name: string, spec: JsonObject): ReturnType<TestServer['ask']> => server.ask(`POST ${SERVICES}`, service(name, spec))
const put = (name: string, spec: JsonObject): ReturnType<TestServer['ask']> => server.ask(`PUT ${SERVICES}/${name}`, service(name, spec))
const patch = (name: string, spec: JsonObject): ReturnType<TestServer['ask']> => server.ask(`PATCH ${SERVICES}/${name}`, { spec }, { 'content-type': 'application/merge-patch+json' })
const specOf = ({ body }: { readonly body: JsonObject }): JsonObject => body['spec'] as JsonObject
const http = { name: 'http', port: 80 }

test('a policy of families stays unless another is named, and a single stack keeps the first family', async () => {
  await create('prefers', { ports: [http], ipFamilyPolicy: 'PreferDualStack' })
  expect(specOf(await put('prefers', { ports: [http] }))).toMatchObject({ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4'] })
  expect((await patch('prefers', { ipFamilyPolicy: 'RequireDualStack' })).body['message']).toContain('this cluster is not configured for dual-stack services')
  expect((await patch('prefers', { ipFamilyPolicy: 'SingleStack' })).status).toBe(200)
  expect(specOf(await create('headless', { clusterIP: 'None' }))).toMatchObject({ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] })
  expect((await patch('headless', { ipFamilies: ['IPv4'] })).body['message']).toBe(`Service "headless" is invalid: spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be 'SingleStack' to release the secondary IP family`)
  expect(specOf(await patch('headless', { ipFamilies: ['IPv6', 'IPv4'] }))).toMatchObject({ ipFamilies: ['IPv6', 'IPv4'] })
  expect(specOf(await patch('headless', { ipFamilyPolicy: 'SingleStack' }))).toMatchObject({ ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] })
})

test('very many families are looked at in little time', () => {
  const ipFamilies = Array.from({ length: 200_000 }, (_, index) => `family ${index}`)
  const before = process.cpuUsage()
  expect(withFamilies({ type: 'ClusterIP', ipFamilies }, undefined).kind).toBe('refused')
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1e6).toBeLessThan(8)
})

test('an address that is put in place of another may not change', async () => {
  await create('addressed', { ports: [http] })
  expect((await put('addressed', { ports: [http], clusterIP: '10.96.9.9' })).body['message']).toBe('Service "addressed" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.9.9"]: may not change once set')
  await create('bare', { clusterIP: 'None', ports: [http], selector: { a: 'b' } })
  expect((await patch('bare', { clusterIP: '10.96.0.1' })).body['message']).toBe('Service "bare" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.0.1"]: may not change once set')
})

test('node ports of an update are shared only where somebody asks for it', async () => {
  const [first] = specOf(await create('nodes', { type: 'NodePort', ports: [http] }))['ports'] as JsonObject[]
  const [kept, own] = specOf(await put('nodes', { type: 'NodePort', ports: [http, { name: 'udp', port: 80, protocol: 'UDP' }] }))['ports'] as JsonObject[]
  expect(kept?.['nodePort']).toBe(first?.['nodePort'])
  expect(own?.['nodePort']).not.toBe(first?.['nodePort'])
  const shared = await put('nodes', { type: 'NodePort', ports: [{ ...http, nodePort: 30111 }, { name: 'udp', port: 81, protocol: 'UDP', nodePort: 30111 }] })
  expect(shared.status).toBe(200)
  const twice = await put('nodes', { type: 'NodePort', ports: [{ ...http, nodePort: 30112 }, { name: 'more', port: 81, nodePort: 30112 }] })
  expect(twice.body).toMatchObject({ code: 500, message: 'duplicate nodePort: {TCP 30112}' })
})

test('a port that a load balancer names is reserved even where none are given out', async () => {
  const balancer = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }
  expect((await create('low', { ...balancer, ports: [{ ...http, nodePort: 29_000 }] })).body['message']).toContain('provided port is not in the valid range')
  expect((await create('named', { ...balancer, ports: [{ ...http, nodePort: 30_301 }] })).status).toBe(201)
  expect((await create('other', { type: 'NodePort', ports: [{ ...http, nodePort: 30_301 }] })).body['message']).toContain('provided port is already allocated')
})

test('a service that names ports without having any neither frees those of others nor brings them along', async () => {
  await create('owner', { type: 'NodePort', ports: [{ ...http, nodePort: 30_311 }] })
  const named = { type: 'ExternalName', externalName: 'a.example.com', ports: [{ ...http, nodePort: 30_311 }] }
  expect((await create('naming', named)).status).toBe(201)
  expect((await patch('naming', { type: 'NodePort' })).body['message']).toBe('Service "naming" is invalid: spec.ports[0].nodePort: Invalid value: 30311: provided port is already allocated')
  await server.ask(`DELETE ${SERVICES}/naming`)
  expect((await create('thief', { type: 'NodePort', ports: [{ ...http, nodePort: 30_311 }] })).status).toBe(422)
})

test('node ports go with the type when fewer of them are left', async () => {
  await create('fewer', { type: 'NodePort', ports: [{ ...http, nodePort: 30_201 }, { name: 'more', port: 81, nodePort: 30_202 }] })
  expect(specOf(await patch('fewer', { type: 'ClusterIP', ports: [{ ...http, nodePort: 30_201 }] }))['ports']).toEqual([{ ...http, protocol: 'TCP', targetPort: 80 }])
})

test('a service that needs no ports any more has none, not an empty list of them', async () => {
  await create('leaving', { type: 'NodePort', ports: [http] })
  expect(specOf(await put('leaving', { type: 'ExternalName', externalName: 'a.example.com' }))).not.toHaveProperty('ports')
})

test('what a load balancer may not change, and what it may not expose', async () => {
  await create('balancer', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [http] })
  expect((await patch('balancer', { healthCheckNodePort: 31_999 })).body['message']).toBe('Service "balancer" is invalid: spec.healthCheckNodePort: Forbidden: field is immutable')
  // The class is looked at twice: once as a change, once as a part of the whole.
  expect((await patch('balancer', { type: 'ClusterIP', loadBalancerClass: 'a' })).body['details']).toMatchObject({ causes: [{ field: 'spec.loadBalancerClass' }, { field: 'spec.loadBalancerClass' }] })
  expect((await create('kubelet', { type: 'LoadBalancer', ports: [{ port: 10_250 }] })).body['message']).toBe('Service "kubelet" is invalid: spec.ports[0]: Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet')
})

test('a headless service of another type is told with everything else that is wrong', async () => {
  const { body } = await create('all', { type: 'NodePort', clusterIP: 'None', sessionAffinity: 'x', ports: [http] })
  expect(body['details']).toMatchObject({ causes: [{ field: 'spec.clusterIPs[0]' }, { field: 'spec.sessionAffinity' }] })
})

test('an update of the status alone gives out nothing, whatever spec stands beside it', async () => {
  await create('status', { ports: [http] })
  const answer = await server.ask(`PUT ${SERVICES}/status/status`, service('status', { type: 'NodePort', ipFamilyPolicy: 'RequireDualStack', ports: [{ ...http, nodePort: 29_000 }] }))
  expect(answer.status).toBe(200)
  expect(specOf(answer)).toMatchObject({ type: 'ClusterIP', ports: [{ port: 80 }] })
})

test('a dry run makes addresses and ports up, and asks of those that are named only whether somebody has them', async () => {
  const tried = async (spec: JsonObject): Promise<JsonObject> => specOf(await server.ask(`POST ${SERVICES}?dryRun=All`, service('tried', spec)))
  const portsOf = (spec: JsonObject): readonly unknown[] => (spec['ports'] as JsonObject[]).map(({ nodePort }) => nodePort)
  const [a, b, c] = [http, { name: 'b', port: 81 }, { name: 'c', port: 82 }]
  const two = await tried({ type: 'NodePort', ports: [a, b] })
  expect([two['clusterIP'], ...portsOf(two)]).toEqual(['10.96.0.0', 32_769, 32_770])
  const local = await tried({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [a, { ...b, nodePort: 29_000 }, c], clusterIP: '10.96.0.1' })
  expect([local['clusterIP'], ...portsOf(local), local['healthCheckNodePort']]).toEqual(['10.96.0.1', 32_769, 29_000, 32_770, 32_771])
  await create('holder', { type: 'NodePort', ports: [{ ...http, nodePort: 30_777 }] })
  const taken = await server.ask(`POST ${SERVICES}?dryRun=All`, service('tried', { type: 'NodePort', ports: [{ ...http, nodePort: 30_777 }] }))
  expect(taken.body['message']).toContain('spec.ports[0].nodePort: Invalid value: 30777: provided port is already allocated')
})
