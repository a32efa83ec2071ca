/** Writes are allowed as writes, whatever way they come. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { startTestServer, type TestServer } from '../core/testing.ts'
import type { User } from '../request.ts'

const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces/x'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

/** Somebody who has these verbs in the namespace `x`, and no others. */
async function holder(name: string, verbs: string): Promise<User> {
  const rules = [{ apiGroups: ['', 'apps', 'coordination.k8s.io'], resources: ['*'], verbs: verbs.split(' ') }]
  await server.ask(`POST ${RBAC}/roles`, { metadata: { name }, rules })
  await server.ask(`POST ${RBAC}/rolebindings`, { metadata: { name }, roleRef: { kind: 'Role', name }, subjects: [{ kind: 'User', name }] })
  const user = { name, uid: '', groups: ['system:authenticated'], extra: {} }
  const review = { spec: { user: name, resourceAttributes: { verb: verbs.split(' ')[0], resource: 'secrets', namespace: 'x' } } }
  for (let attempt = 0; attempt < 4_000; attempt++) {
    const { body } = await server.ask('POST /apis/authorization.k8s.io/v1/subjectaccessreviews', review)
    if ((body['status'] as JsonObject)['allowed'] === true) return user
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('the role never counts')
}

const secret = (name: string): JsonObject => ({ kind: 'Secret', apiVersion: 'v1', metadata: { name, namespace: 'x' } })

test.each([
  ['DELETE', 'namespaces/x/secrets/kept', undefined],
  ['DELETE', 'namespaces/x/secrets', undefined],
  ['PUT', 'namespaces/x/secrets/kept', secret('kept')],
  ['POST', 'namespaces/x/secrets', secret('new')],
  ['POST', 'namespaces/x/serviceaccounts/default/token', { spec: {} }],
  ['POST', 'namespaces/x/bindings', { metadata: { name: 'p' }, target: { name: 'n' } }],
])('who may watch cannot write below the path of watches: %s %s', async (method, path, body) => {
  const watcher = await holder('watcher', 'watch')
  await server.ask('POST /api/v1/namespaces/x/secrets', secret('kept'))
  expect((await server.askAs(watcher, `${method} /api/v1/watch/${path}`, body)).status).toBe(405)
  expect((await server.ask('GET /api/v1/namespaces/x/secrets/kept')).status).toBe(200)
  expect((await server.ask('GET /api/v1/namespaces/x/secrets/new')).status).toBe(404)
})

test('who may change but not create creates nothing by an apply', async () => {
  const patcher = await holder('patcher', 'patch')
  const patch = 'PATCH /api/v1/namespaces/x/secrets/applied?fieldManager=m'
  expect(await server.applyAs(patcher, patch, secret('applied'))).toMatchObject({
    status: 403,
    body: { message: 'secrets "applied" is forbidden: User "patcher" cannot create resource "secrets" in API group "" in the namespace "x"' },
  })
  expect((await server.ask('GET /api/v1/namespaces/x/secrets/applied')).status).toBe(404)
  await server.ask('POST /api/v1/namespaces/x/secrets', secret('applied'))
  expect((await server.applyAs(patcher, patch, secret('applied'))).status).toBe(200)
  const both = await holder('both', 'patch create')
  expect((await server.applyAs(both, patch.replace('applied', 'another'), secret('another'))).status).toBe(201)
})

test('who may change but not create creates nothing by an update', async () => {
  const updater = await holder('updater', 'update')
  const range = { kind: 'LimitRange', apiVersion: 'v1', metadata: { name: 'l', namespace: 'x' }, spec: { limits: [] } }
  const put = 'PUT /api/v1/namespaces/x/limitranges/l'
  expect((await server.askAs(updater, put, range)).status).toBe(403)
  expect((await server.ask(put, range)).status).toBe(201)
  expect((await server.askAs(updater, put, range)).status).toBe(200)
})
