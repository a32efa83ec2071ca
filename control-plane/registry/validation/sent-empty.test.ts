import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../../apiserver/core/testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const said = async (...request: Parameters<TestServer['ask']>): Promise<string> => String((await server.ask(...request)).body['message'])
const MERGE = { 'content-type': 'application/merge-patch+json' }

test('scopes of a quota', async () => {
  const quotas = '/api/v1/namespaces/x/resourcequotas'
  await server.ask(`POST ${quotas}`, { metadata: { name: 'q' }, spec: { hard: { pods: '1' }, scopes: ['BestEffort'] } })
  expect(await said(`PATCH ${quotas}/q`, { spec: { scopes: [] } }, MERGE)).toContain('spec.scopes: Invalid value: []: field is immutable')
  expect(await said(`PATCH ${quotas}/q`, { spec: { scopes: null } }, MERGE)).toContain('spec.scopes: Invalid value: null: field is immutable')
})

test('ranges of services', async () => {
  const cidrs = '/apis/networking.k8s.io/v1/servicecidrs'
  await server.ask(`POST ${cidrs}`, { metadata: { name: 'more' }, spec: { cidrs: ['10.200.0.0/24'] } })
  expect(await said(`PATCH ${cidrs}/more`, { spec: { cidrs: [] } }, MERGE)).toContain('spec.cidrs: Invalid value: []: ')
  expect(await said(`PATCH ${cidrs}/more`, { spec: { cidrs: null } }, MERGE)).toContain('spec.cidrs: Invalid value: null: ')
})

test('what a template of a job has, which prints whole', async () => {
  const jobs = '/apis/batch/v1/namespaces/x/jobs'
  const container = { name: 'a', image: 'i' }
  const body = { metadata: { name: 'j' }, spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } } }
  await server.ask(`POST ${jobs}`, body)
  const live = (await server.ask(`GET ${jobs}/j`)).body as typeof body
  const template = { ...live.spec.template, spec: { ...live.spec.template.spec, nodeSelector: {}, containers: [{ ...container, image: 'other', command: [], env: [] }] } }
  const message = await said(`PUT ${jobs}/j`, { ...live, spec: { ...live.spec, template } })
  for (const part of ['"Command":[],"Args":null', '"Env":[]', '"NodeSelector":{}', '"InitContainers":null']) expect(message).toContain(part)
})

test('lists in the versions of a definition', async () => {
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const schema = { openAPIV3Schema: { type: 'object', required: [], properties: {} } }
  const body = { metadata: { name: 'widgets.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' }, versions: [{ name: 'v1', served: true, storage: true, schema }] } }
  const twice = { ...body, metadata: { name: 'gadgets.example.com' }, spec: { ...body.spec, names: { plural: 'gadgets', kind: 'Gadget' }, versions: [...body.spec.versions, { ...body.spec.versions[0], name: 'v2', schema: { openAPIV3Schema: { type: 'object', description: 'd' } } }] } }
  const message = await said(`POST ${definitions}`, twice)
  for (const part of ['"Required":[]', '"Properties":{}', '"Required":null', '"Properties":null']) expect(message).toContain(part)
})

test('what is accepted is kept without it', async () => {
  await server.ask('POST /api/v1/namespaces/x/resourcequotas', { metadata: { name: 'plain' }, spec: { hard: { pods: '1' }, scopes: [] } })
  expect((await server.ask('GET /api/v1/namespaces/x/resourcequotas/plain')).body['spec']).toEqual({ hard: { pods: '1' } })
})
