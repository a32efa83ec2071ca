import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../core/testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io'
const METADATA = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'
const ACCESS = 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
const access = { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } }
const ONLY = 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf'

test.each([
  [ACCESS, access],
  ['POST /apis/authorization.k8s.io/v1/subjectaccessreviews', access],
  ['POST /apis/authorization.k8s.io/v1/namespaces/x/localsubjectaccessreviews', access],
  ['POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { spec: { namespace: 'x' } }],
  ['POST /apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 't' } }],
  ['POST /apis/authentication.k8s.io/v1/selfsubjectreviews', {}],
  ['POST /api/v1/namespaces/x/serviceaccounts/default/token', {}],
  ['POST /api/v1/namespaces/x/bindings', { metadata: { name: 'p' }, target: { name: 'n' } }],
  ['POST /api/v1/namespaces/x/pods/p/binding', { target: { name: 'n' } }],
  ['POST /api/v1/namespaces/x/pods/p/eviction', {}],
  ['GET /api/v1/namespaces/x/pods/p/ephemeralcontainers', undefined],
  ['GET /api/v1/namespaces/x/pods/p/resize', undefined],
  ['GET /api/v1/namespaces/x/pods/p/log', undefined],
  ['PUT /api/v1/namespaces/x/finalize', {}],
  ['GET /apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval', undefined],
])('%s has no table', async (line, body) => {
  const { status, body: answer } = await server.ask(line, body, { accept: TABLE })
  expect([status, answer['message']]).toEqual([406, ONLY])
})

test('what has columns has tables', async () => {
  expect((await server.ask('GET /api/v1/namespaces/x/status', undefined, { accept: TABLE })).body).toMatchObject({ kind: 'Table', rows: [{}] })
  expect((await server.ask('GET /api/v1/componentstatuses', undefined, { accept: TABLE })).body).toMatchObject({ kind: 'Table' })
  expect((await server.ask(ACCESS, access, { accept: `${TABLE},application/json` })).body).toMatchObject({ kind: 'SelfSubjectAccessReview', status: { allowed: true } })
})

test('the metadata of what is only asked', async () => {
  const { status, body } = await server.ask(ACCESS, access, { accept: METADATA })
  expect([status, body['kind'], body['apiVersion'], 'spec' in body]).toEqual([201, 'PartialObjectMetadata', 'meta.k8s.io/v1', false])
})

test('a log is text to the router alone, and whoever connects may accept anything', async () => {
  const LOG = 'GET /api/v1/namespaces/x/pods/p/log'
  expect((await server.ask(LOG, undefined, { accept: 'text/plain' })).body['message']).toBe(ONLY)
  expect((await server.ask(LOG, undefined, { accept: 'text/html' })).body['message']).toBe('406: Not Acceptable\n\nAvailable representations: text/plain, application/json, application/yaml, application/vnd.kubernetes.protobuf')
  expect((await server.ask('GET /api/v1/namespaces/x/pods/p/proxy/logo.png', undefined, { accept: 'image/png' })).status).toBe(404)
})
