import { afterAll, beforeAll, expect, test } from 'vitest'
import { isApiError } from '../../../shared/kit/api-error.ts'
import type { ConfigMap, Pod } from '../../../shared/model/gen/api.ts'
import { configMaps, pods, services } from '../../../shared/model/resources.ts'
import { startTestServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const configMap = (name: string, data: Readonly<Record<string, string>> = {}): ConfigMap => ({ metadata: { name, namespace: 'x' }, data })
const pod = (name: string): Pod => ({ metadata: { name, namespace: 'x' }, spec: { containers: [{ name: 'c', image: 'busybox:1.35' }] } })
const path = '/api/v1/namespaces/x/configmaps'

test('what one door writes the other one reads', async () => {
  const made = await server.client.create(configMaps, configMap('both', { a: '1' }))
  expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
  const read = await server.ask(`GET ${path}/both`)
  expect(read).toMatchObject({ status: 200, body: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: made.metadata.resourceVersion }, data: { a: '1' } } })
})

test('a write with an old resourceVersion is a conflict, one without wins', async () => {
  const made = await server.client.create(configMaps, configMap('stale'))
  await server.client.update(configMaps, { ...made, data: { a: '1' } })
  await expect(server.client.update(configMaps, { ...made, data: { a: '2' } })).rejects.toSatisfy((error) => isApiError(error, 'Conflict'))
  expect((await server.client.update(configMaps, configMap('stale', { a: '3' }))).data).toEqual({ a: '3' })
})

test('patches of many at once all arrive', async () => {
  await server.client.create(configMaps, configMap('busy'))
  await Promise.all(Array.from({ length: 20 }, (_, index) => server.client.patch(configMaps, { namespace: 'x', name: 'busy' }, { type: 'merge', body: { data: { [`k${index}`]: 'v' } } })))
  expect(Object.keys((await server.client.get(configMaps, { namespace: 'x', name: 'busy' })).data ?? {})).toHaveLength(20)
})

test('an update that changes nothing writes nothing', async () => {
  const made = await server.client.create(configMaps, configMap('same', { a: '1' }))
  expect((await server.client.update(configMaps, configMap('same', { a: '1' }))).metadata.resourceVersion).toBe(made.metadata.resourceVersion)
})

test('generated names differ', async () => {
  const made = await Promise.all(Array.from({ length: 5 }, () => server.client.create(configMaps, { metadata: { namespace: 'x', generateName: 'gen-' } })))
  expect(new Set(made.map(({ metadata }) => metadata.name)).size).toBe(5)
})

test('finalizers hold a deleted object until the last is gone', async () => {
  await server.client.create(configMaps, { metadata: { name: 'held', namespace: 'x', finalizers: ['example.com/hold'] } })
  await server.client.delete(configMaps, { namespace: 'x', name: 'held' })
  const held = await server.client.get(configMaps, { namespace: 'x', name: 'held' })
  expect(held.metadata.deletionTimestamp).toBeDefined()
  await expect(server.client.create(configMaps, configMap('held'))).rejects.toThrow('object is being deleted: configmaps "held" already exists')
  await server.client.patch(configMaps, { namespace: 'x', name: 'held' }, { type: 'merge', body: { metadata: { finalizers: null } } })
  await expect(server.client.get(configMaps, { namespace: 'x', name: 'held' })).rejects.toThrow('not found')
})

test('a pod gets its account, token, tolerations and priority', async () => {
  const made = await server.client.create(pods, pod('dressed'))
  expect(made.spec).toMatchObject({ serviceAccountName: 'default', priority: 0, tolerations: [{ key: 'node.kubernetes.io/not-ready' }, { key: 'node.kubernetes.io/unreachable' }] })
  expect(made.spec?.volumes?.[0]?.name).toBe(made.spec?.containers[0]?.volumeMounts?.[0]?.name)
})

test('a pod is bound once; on a node it is deleted with grace, without one at once', async () => {
  const made = await server.client.create(pods, pod('bound'))
  await server.client.bind({ namespace: 'x', name: 'bound', uid: made.metadata.uid ?? '' }, 'node-a')
  await expect(server.client.bind({ namespace: 'x', name: 'bound', uid: made.metadata.uid ?? '' }, 'node-b')).rejects.toThrow('pod bound is already assigned to node "node-a"')
  await server.client.delete(pods, { namespace: 'x', name: 'bound' })
  expect((await server.client.get(pods, { namespace: 'x', name: 'bound' })).metadata.deletionGracePeriodSeconds).toBe(30)
  await server.client.delete(pods, { namespace: 'x', name: 'bound' }, { gracePeriodSeconds: 0 })
  await expect(server.client.get(pods, { namespace: 'x', name: 'bound' })).rejects.toThrow('not found')
  await server.client.create(pods, pod('unbound'))
  await server.client.delete(pods, { namespace: 'x', name: 'unbound' })
  await expect(server.client.get(pods, { namespace: 'x', name: 'unbound' })).rejects.toThrow('not found')
})

test('nothing is made in a namespace that is not there', async () => {
  await expect(server.client.create(configMaps, { metadata: { name: 'a', namespace: 'nowhere' } })).rejects.toThrow('namespaces "nowhere" not found')
})

test('two services never get one address or port, and give them back', async () => {
  const service = (name: string, spec: object = {}): Parameters<typeof server.client.create>[1] => ({ metadata: { name, namespace: 'x' }, spec: { type: 'NodePort', ports: [{ port: 80 }], ...spec } }) as never
  const made = await Promise.all(Array.from({ length: 30 }, (_, index) => server.client.create(services, service(`s${index}`) as never)))
  expect(new Set(made.map((one) => one.spec?.clusterIP)).size).toBe(30)
  expect(new Set(made.map((one) => one.spec?.ports?.[0]?.nodePort)).size).toBe(30)
  const taken = { clusterIP: made[0]?.spec?.clusterIP }
  await expect(server.client.create(services, service('thief', taken) as never)).rejects.toThrow('provided IP is already allocated')
  await server.client.delete(services, { namespace: 'x', name: 's0' })
  await expect(server.client.create(services, service('heir', taken) as never)).resolves.toMatchObject({ spec: taken })
})

test('a dry run leaves nothing behind', async () => {
  expect((await server.ask(`POST ${path}?dryRun=All`, configMap('dry'))).status).toBe(201)
  expect((await server.ask(`GET ${path}/dry`)).status).toBe(404)
})

test('unknown fields warn, or are refused when asked', async () => {
  expect((await server.ask(`POST ${path}`, { ...configMap('odd'), dta: {} })).warnings).toEqual(['unknown field "dta"'])
  expect(await server.ask(`POST ${path}?fieldValidation=Strict`, { ...configMap('odd2'), dta: {} })).toMatchObject({ status: 400, body: { message: 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dta"' } })
})

test.each([
  ['GET /apis/nothing.example.com/v1/things', 404, { text: '404 page not found\n' }],
  ['GET /api/v1/namespaces/x/things', 404, { message: 'the server could not find the requested resource' }],
  ['POST /api/v1/configmaps', 405, { reason: 'MethodNotAllowed' }],
  ['GET /api/v1/pods/a', 404, { reason: 'NotFound' }],
  ['PUT /api/v1/namespaces/x/configmaps', 405, { reason: 'MethodNotAllowed' }],
  ['GET /api/v1/namespaces/x/configmaps?limit=a', 400, { message: 'strconv.ParseInt: parsing "a": invalid syntax' }],
])('%s is %i', async (line, status, body) => {
  expect(await server.ask(line)).toMatchObject({ status, body })
})
