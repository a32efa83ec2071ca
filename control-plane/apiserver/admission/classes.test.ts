import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { startTestServer, type TestServer } from '../core/testing.ts'
import { chosenClass } from './default-classes.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const claim = (name: string, spec: JsonObject = {}): JsonObject => ({ metadata: { name }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec } })
const CLAIMS = '/api/v1/namespaces/x/persistentvolumeclaims'

test('of several default classes the newest is taken, of equally old ones the first by name', () => {
  const one = (name: string, creationTimestamp: string): { readonly metadata: { readonly name: string; readonly creationTimestamp: string } } => ({ metadata: { name, creationTimestamp } })
  expect(chosenClass([one('a', '2026-01-01T00:00:00Z'), one('c', '2026-01-02T00:00:00Z'), one('b', '2026-01-02T00:00:00Z')], () => true)).toBe('b')
  expect(chosenClass([one('a', '')], () => false)).toBeUndefined()
})

test('a claim gets its protection and the default class, unless it names one', async () => {
  const { body } = await server.ask(`POST ${CLAIMS}`, claim('before'))
  expect(body).toMatchObject({ metadata: { finalizers: ['kubernetes.io/pvc-protection'] }, status: { phase: 'Pending' } })
  expect((body['spec'] as JsonObject)['storageClassName']).toBeUndefined()
  await server.ask('POST /apis/storage.k8s.io/v1/storageclasses', { metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: 'example.com/csi' })
  expect((await server.ask(`POST ${CLAIMS}`, claim('after'))).body['spec']).toMatchObject({ storageClassName: 'fast' })
  expect((await server.ask(`POST ${CLAIMS}`, claim('none', { storageClassName: '' }))).body['spec']).toMatchObject({ storageClassName: '' })
})

test('one priority class is for everybody, and those of the system stay', async () => {
  const CLASSES = '/apis/scheduling.k8s.io/v1/priorityclasses'
  expect((await server.ask(`POST ${CLASSES}`, { metadata: { name: 'a' }, value: 5, globalDefault: true })).status).toBe(201)
  expect((await server.ask(`POST ${CLASSES}`, { metadata: { name: 'b' }, value: 6, globalDefault: true })).body['message']).toBe(
    'priorityclasses.scheduling.k8s.io "b" is forbidden: PriorityClass a is already marked as default. Only one default can exist',
  )
  expect((await server.ask(`DELETE ${CLASSES}/system-node-critical`)).status).toBe(403)
  const made = await server.ask('POST /api/v1/namespaces/x/pods', { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'busybox:1.35' }] } })
  expect(made.body['spec']).toMatchObject({ priorityClassName: 'a', priority: 5 })
})

test('every answer about Endpoints says that there is something better', async () => {
  const deprecated = ['v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice']
  expect((await server.ask('GET /api/v1/namespaces/x/endpoints/none')).warnings).toEqual(deprecated)
  expect((await server.ask('GET /api/v1/endpoints')).warnings).toEqual(deprecated)
})

test('an empty list of rules is told from none where both are wrong, and dropped where it is not', async () => {
  const post = async (spec: JsonObject): Promise<JsonObject> => (await server.ask('POST /apis/networking.k8s.io/v1/namespaces/x/ingresses', { metadata: { name: 'i' }, spec })).body
  expect((await post({ rules: [] }))['message']).toContain('spec: Invalid value: []: either')
  expect((await post({}))['message']).toContain('spec: Invalid value: null: either')
  expect((await post({ rules: [], defaultBackend: { service: { name: 'a', port: { number: 1 } } } }))['spec']).toEqual({ defaultBackend: { service: { name: 'a', port: { number: 1 } } } })
})
