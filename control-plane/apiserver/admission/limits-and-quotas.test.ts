import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { startTestServer, type TestServer } from '../core/testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const NS = '/api/v1/namespaces/x'
const pod = (name: string, resources: JsonObject = {}): JsonObject => ({ metadata: { name }, spec: { schedulerName: 'none', containers: [{ name: 'app', image: 'busybox:1.35', resources }] } })
const ask = (line: string, body?: unknown): ReturnType<TestServer['ask']> => server.ask(line, body)

/** As its controller keeps it. */
async function quotaOf(hard: JsonObject, scopes?: readonly string[]): Promise<void> {
  const spec = { hard, ...(scopes && { scopes }) }
  await ask(`POST ${NS}/resourcequotas`, { metadata: { name: 'q' }, spec })
  const used = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']))
  await ask(`PUT ${NS}/resourcequotas/q/status`, { metadata: { name: 'q' }, spec, status: { hard, used } })
}

const used = async (): Promise<unknown> => ((await ask(`GET ${NS}/resourcequotas/q`)).body['status'] as JsonObject)['used']

beforeEach(async () => {
  for (const line of [`${NS}/pods?gracePeriodSeconds=0`, `${NS}/resourcequotas`, `${NS}/limitranges`, `${NS}/configmaps`]) await ask(`DELETE ${line}`)
})

test('as many as the quota has room for are made, however many ask at the same time', async () => {
  await quotaOf({ pods: '3' })
  const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => ask(`POST ${NS}/pods`, pod(`p${index}`))))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
  expect(answers.find(({ status }) => status === 403)?.body['message']).toMatch(/^pods "p\d+" is forbidden: exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3$/)
  expect(await used()).toEqual({ pods: '3' })
})

test('a dry run is refused as the real thing would be, and costs nothing', async () => {
  await quotaOf({ 'count/configmaps': '1' })
  const ask2 = (name: string, query = ''): ReturnType<TestServer['ask']> => ask(`POST ${NS}/configmaps${query}`, { metadata: { name } })
  expect((await ask2('a', '?dryRun=All')).status).toBe(201)
  expect(await used()).toEqual({ 'count/configmaps': '0' })
  expect((await ask2('a')).status).toBe(201)
  expect((await ask2('b', '?dryRun=All')).status).toBe(403)
})

test('where a quota bounds cpu every container has to say how much it wants', async () => {
  await quotaOf({ 'requests.cpu': '1', 'limits.memory': '1Gi' })
  expect((await ask(`POST ${NS}/pods`, pod('a'))).body['message']).toBe('pods "a" is forbidden: failed quota: q: must specify limits.memory for: app; requests.cpu for: app')
  expect((await ask(`POST ${NS}/pods`, pod('a', { requests: { cpu: '600m' }, limits: { memory: '1Gi' } }))).status).toBe(201)
  expect(await used()).toEqual({ 'requests.cpu': '600m', 'limits.memory': '1Gi' })
})

test('a quota of a scope is about the pods in it alone', async () => {
  await quotaOf({ pods: '0' }, ['BestEffort'])
  expect((await ask(`POST ${NS}/pods`, pod('a'))).status).toBe(403)
  expect((await ask(`POST ${NS}/pods`, pod('b', { requests: { cpu: '1m' } }))).status).toBe(201)
})

test('a service that becomes a node port is charged for its ports', async () => {
  await quotaOf({ 'services.nodeports': '1' })
  const ports = [{ name: 'a', port: 80 }, { name: 'b', port: 81 }]
  await ask(`POST ${NS}/services`, { metadata: { name: 's' }, spec: { ports } })
  const change = (spec: JsonObject): ReturnType<TestServer['ask']> => server.ask(`PATCH ${NS}/services/s`, { spec }, { 'content-type': 'application/merge-patch+json' })
  expect((await change({ type: 'NodePort' })).body['message']).toBe('services "s" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1')
  expect((await change({ type: 'NodePort', ports: [{ name: 'a', port: 80 }] })).status).toBe(200)
  expect(await used()).toEqual({ 'services.nodeports': '1' })
  await ask(`DELETE ${NS}/services/s`)
})

test('a limit range fills in what containers leave open, and the quota counts that', async () => {
  await ask(`POST ${NS}/limitranges`, { metadata: { name: 'l' }, spec: { limits: [{ type: 'Container', default: { cpu: '200m' }, max: { cpu: '1' } }] } })
  await quotaOf({ 'limits.cpu': '300m' })
  const made = await ask(`POST ${NS}/pods`, pod('a'))
  expect(made.body['metadata']).toMatchObject({ annotations: { 'kubernetes.io/limit-ranger': 'LimitRanger plugin set: cpu request for container app; cpu limit for container app' } })
  expect((await ask(`POST ${NS}/pods`, pod('b'))).status).toBe(403)
  expect((await ask(`POST ${NS}/pods`, pod('c', { limits: { cpu: '2' } }))).body['message']).toBe('pods "c" is forbidden: maximum cpu usage per Container is 1, but limit is 2')
})

test('what a range has against several containers is said once', async () => {
  await ask(`POST ${NS}/limitranges`, { metadata: { name: 'l' }, spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } })
  const resources = { limits: { cpu: '2' } }
  const two = { metadata: { name: 'two' }, spec: { containers: [{ name: 'a', image: 'a', resources }, { name: 'b', image: 'b', resources }] } }
  expect((await ask(`POST ${NS}/pods`, two)).body['message']).toBe('pods "two" is forbidden: maximum cpu usage per Container is 1, but limit is 2')
})

test('events are counted by no quota', async () => {
  await quotaOf({ 'count/events': '0', 'count/events.events.k8s.io': '0' })
  expect((await ask(`POST ${NS}/events`, { metadata: { name: 'e' }, involvedObject: { namespace: 'x' } })).status).toBe(201)
})

test('a kind of others that is called Event is counted as any', async () => {
  const schema = { openAPIV3Schema: { type: 'object' } }
  const definition = { metadata: { name: 'events.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'events', kind: 'Event' }, versions: [{ name: 'v1', served: true, storage: true, schema }] } }
  expect((await ask('POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)).status).toBe(201)
  const acceptedNames = { plural: 'events', singular: 'event', kind: 'Event', listKind: 'EventList' }
  const conditions = ['NamesAccepted', 'Established'].map((type) => ({ type, status: 'True', reason: 'Tested', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }))
  await server.ask('PATCH /apis/apiextensions.k8s.io/v1/customresourcedefinitions/events.example.com/status', { status: { acceptedNames, conditions, storedVersions: ['v1'] } }, { 'content-type': 'application/merge-patch+json' })
  await quotaOf({ 'count/events.example.com': '0' })
  const create = () => ask('POST /apis/example.com/v1/namespaces/x/events', { apiVersion: 'example.com/v1', kind: 'Event', metadata: { name: 'e' } })
  await expect.poll(async () => (await create()).status).not.toBe(404)
  expect((await create()).body['message']).toContain('exceeded quota: q, requested: count/events.example.com=1')
})

test('a pod that one quota cannot count is refused for that, before another one that has no room', async () => {
  await quotaOf({ pods: '0' })
  const hard = { 'limits.memory': '1Gi' }
  await ask(`POST ${NS}/resourcequotas`, { metadata: { name: 'r' }, spec: { hard } })
  await ask(`PUT ${NS}/resourcequotas/r/status`, { metadata: { name: 'r' }, status: { hard, used: { 'limits.memory': '0' } } })
  expect((await ask(`POST ${NS}/pods`, pod('p', { requests: { cpu: '1' } }))).body['message']).toBe('pods "p" is forbidden: failed quota: r: must specify limits.memory for: app')
})
