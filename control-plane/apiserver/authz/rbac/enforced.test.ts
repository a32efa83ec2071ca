import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../../shared/model/json.ts'
import { createMemoryStorage } from '../../../storage/storage.ts'
import { bootstrapObjects } from '../../bootstrap/objects.ts'
import { metadataOf, metaText } from '../../core/stored.ts'
import { startTestServer, type TestServer } from '../../core/testing.ts'
import type { User } from '../../request.ts'

const user = (name: string, ...groups: string[]): User => ({ name, uid: '', groups: [...groups, 'system:authenticated'], extra: {} })
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const jane = user('jane')

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const role = (name: string, ...rules: readonly JsonObject[]): JsonObject => ({ metadata: { name }, rules })
const rule = (verbs: string, resources: string, apiGroups = ['']): JsonObject => ({ apiGroups, resources: resources.split(' '), verbs: verbs.split(' ') })
const binding = (name: string, kind: string, roleName: string, who: string): JsonObject => ({ metadata: { name }, roleRef: { kind, name: roleName }, subjects: [{ kind: 'User', name: who }] })
const pathOf = (object: JsonObject, plural: string, group: string): string => `${group === '' ? '/api/v1' : `/apis/${group}/v1`}${metaText(object, 'namespace') === '' ? '' : `/namespaces/${metaText(object, 'namespace')}`}/${plural}/${metaText(object, 'name')}`

/** Writes are decided by at once or a moment later. */
async function until<T extends { readonly status: number }>(ask: () => Promise<T>, status: number): Promise<T> {
  for (let attempt = 0; attempt < 4_000; attempt++) {
    const answer = await ask()
    if (answer.status === status) return answer
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`never ${status}`)
}

describe('a new cluster', () => {
  test('holds everything that Kubernetes’ does, of every kind that is served', async () => {
    for (const { group, version, plural, objects } of bootstrapObjects) {
      if (!server.api.core.resources.find(group, version, plural)) continue
      for (const object of objects) {
        const { status, body } = await server.ask(`GET ${pathOf(object, plural, group)}`)
        expect([pathOf(object, plural, group), status]).toEqual([pathOf(object, plural, group), 200])
        const { metadata: _metadata, status: _status, ...rest } = object
        expect(body).toMatchObject(rest)
        expect(metadataOf(body)).toMatchObject(metadataOf(object))
      }
    }
  })

  test('lets everybody read discovery and ask about herself, and nothing else', async () => {
    expect((await server.askAs(jane, 'GET /api/v1/namespaces/x/pods')).body).toMatchObject({ code: 403, message: 'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "x"' })
    const review = { spec: { resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'x' } } }
    expect(await server.askAs(jane, 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review)).toMatchObject({ status: 201, body: { status: { allowed: false } } })
    expect((await server.askAs(jane, 'POST /apis/authorization.k8s.io/v1/subjectaccessreviews', { spec: { user: 'joe', ...review.spec } })).status).toBe(403)
    expect((await server.askAs({ ...jane, groups: ['system:unauthenticated'] }, 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review)).status).toBe(403)
  })

  test('gets back at a start what its roles lack; what was added or is not to be touched stays', async () => {
    const storage = createMemoryStorage()
    const first = await startTestServer(storage)
    await first.ask(`PUT ${RBAC}/clusterroles/system:discovery`, role('system:discovery', { nonResourceURLs: ['/mine'], verbs: ['get'] }))
    await first.ask(`PUT ${RBAC}/clusterroles/system:basic-user`, { metadata: { name: 'system:basic-user', annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } }, rules: [rule('get', 'pods')] })
    await first.ask(`DELETE ${RBAC}/clusterrolebindings/system:discovery`)
    first.stop()
    const second = await startTestServer(storage)
    const rules = (await second.ask(`GET ${RBAC}/clusterroles/system:discovery`)).body['rules'] as readonly JsonObject[]
    expect(rules[0]).toEqual({ nonResourceURLs: ['/mine'], verbs: ['get'] })
    expect(rules.length).toBeGreaterThan(5)
    expect((await second.ask(`GET ${RBAC}/clusterroles/system:basic-user`)).body['rules']).toEqual([rule('get', 'pods')])
    expect((await second.ask(`GET ${RBAC}/clusterrolebindings/system:discovery`)).status).toBe(200)
    second.stop()
  })
})

describe('nobody gives away more than she has', () => {
  const maker = user('maker')
  beforeAll(async () => {
    await server.ask(`POST ${RBAC}/namespaces/x/roles`, role('maker', rule('get', 'pods'), rule('create update patch', 'roles rolebindings', ['rbac.authorization.k8s.io'])))
    await server.ask(`POST ${RBAC}/namespaces/x/rolebindings`, binding('maker', 'Role', 'maker', 'maker'))
    await until(() => server.askAs(maker, 'GET /api/v1/namespaces/x/pods/none'), 404)
  })

  test('by a role', async () => {
    expect((await server.askAs(maker, `POST ${RBAC}/namespaces/x/roles`, role('more', rule('get list watch', 'pods secrets')))).body).toMatchObject({
      code: 403,
      message: 'roles.rbac.authorization.k8s.io "more" is forbidden: user "maker" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list" "watch"]}',
      details: { name: 'more', group: 'rbac.authorization.k8s.io', kind: 'roles' },
    })
    expect((await server.askAs(maker, `POST ${RBAC}/namespaces/x/roles`, role('same', rule('get', 'pods')))).status).toBe(201)
    expect((await server.askAs(maker, `PUT ${RBAC}/namespaces/x/roles/more`, role('more', rule('*', '*')))).status).toBe(403)
  })

  test('by a binding, unless she may bind that role', async () => {
    const bindAdmin = (): ReturnType<TestServer['ask']> => server.askAs(maker, `POST ${RBAC}/namespaces/x/rolebindings`, binding('admin', 'ClusterRole', 'cluster-admin', 'joe'))
    expect((await bindAdmin()).body).toMatchObject({ code: 403, message: expect.stringContaining('{NonResourceURLs:["*"], Verbs:["*"]}') as unknown })
    expect((await server.askAs(maker, `POST ${RBAC}/namespaces/x/rolebindings`, binding('none', 'ClusterRole', 'missing', 'joe'))).body).toMatchObject({ code: 404, message: 'rolebindings.rbac.authorization.k8s.io "missing" not found' })
    await server.ask(`POST ${RBAC}/namespaces/x/roles`, role('binder', { ...rule('bind', 'clusterroles', ['rbac.authorization.k8s.io']), resourceNames: ['cluster-admin'] }))
    await server.ask(`POST ${RBAC}/namespaces/x/rolebindings`, binding('binder', 'Role', 'binder', 'maker'))
    await until(bindAdmin, 201)
  })

  test('an aggregated role is for those who may do everything', async () => {
    const role = { metadata: { name: 'agg' }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } }
    await server.ask(`POST ${RBAC}/clusterroles`, { metadata: { name: 'cluster-maker' }, rules: [rule('create', 'clusterroles', ['rbac.authorization.k8s.io'])] })
    await server.ask(`POST ${RBAC}/clusterrolebindings`, binding('cluster-maker', 'ClusterRole', 'cluster-maker', 'cluster-maker'))
    const refused = await until(() => server.askAs(user('cluster-maker'), `POST ${RBAC}/clusterroles`, role), 403)
    await until(async () => ({ status: String((await server.askAs(user('cluster-maker'), `POST ${RBAC}/clusterroles`, role)).body['message']).includes('must have cluster-admin privileges to use the aggregationRule') ? 1 : 0 }), 1)
    expect(refused.status).toBe(403)
  })
})

describe('requests for certificates', () => {
  const CSR = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
  test('are approved by those who may approve for the signer', async () => {
    const { recordedCases } = await import('../../../../test/conformance/recordings.ts')
    const create = recordedCases('rbac').find((one) => one.case === 'csr-approve-by-subresource')?.steps[0]
    const spec = (create?.body as JsonObject | undefined)?.['spec'] as JsonObject
    expect((await server.ask(`POST ${CSR}`, { metadata: { name: 'c' }, spec })).status).toBe(201)
    await server.ask(`POST ${RBAC}/clusterroles`, { metadata: { name: 'approver' }, rules: [rule('get update', 'certificatesigningrequests certificatesigningrequests/approval', ['certificates.k8s.io'])] })
    await server.ask(`POST ${RBAC}/clusterrolebindings`, binding('approver', 'ClusterRole', 'approver', 'approver'))
    const approve = async (): ReturnType<TestServer['ask']> => {
      const { body } = await server.ask(`GET ${CSR}/c`)
      return server.askAs(user('approver'), `PUT ${CSR}/c/approval`, { ...body, status: { conditions: [{ type: 'Approved', status: 'True' }] } })
    }
    await until(async () => ({ status: String((await approve()).body['message']).endsWith('user not permitted to approve requests with signerName "example.com/mine"') ? 1 : 0 }), 1)
    await server.ask(`POST ${RBAC}/clusterroles`, { metadata: { name: 'signers' }, rules: [{ ...rule('approve', 'signers', ['certificates.k8s.io']), resourceNames: ['example.com/*'] }] })
    await server.ask(`POST ${RBAC}/clusterrolebindings`, binding('signers', 'ClusterRole', 'signers', 'approver'))
    await until(approve, 200)
  })
})

test('what is only asked has no names, and is asked where it belongs', async () => {
  expect((await server.ask('POST /apis/authorization.k8s.io/v1/localsubjectaccessreviews', {})).status).toBe(404)
  expect((await server.ask('POST /apis/authorization.k8s.io/v1/namespaces/x/subjectaccessreviews', {})).status).toBe(404)
  expect((await server.ask('GET /apis/authorization.k8s.io/v1/subjectaccessreviews/x')).status).toBe(404)
  expect((await server.ask('GET /apis/authorization.k8s.io/v1/subjectaccessreviews')).status).toBe(405)
  const local = (spec: JsonObject): ReturnType<TestServer['ask']> => server.ask('POST /apis/authorization.k8s.io/v1/namespaces/x/localsubjectaccessreviews', { spec })
  expect(await local({ user: 'jane', resourceAttributes: { namespace: 'x', verb: 'get', resource: 'pods' } })).toMatchObject({ status: 201, body: { metadata: { namespace: 'x' }, status: { allowed: false } } })
  expect((await local({ user: 'jane', resourceAttributes: { namespace: 'y', verb: 'get', resource: 'pods' } })).body['message']).toBe('.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "y": must match metadata.namespace')
  expect((await local({ user: 'jane', nonResourceAttributes: { path: '/', verb: 'get' } })).body['message']).toBe('.authorization.k8s.io "" is invalid: spec.nonResourceAttributes: Invalid value: {"Path":"/","Verb":"get"}: disallowed on this kind of request')
  expect((await local({ resourceAttributes: { namespace: 'x', verb: 'get', resource: 'pods' } })).body['message']).toBe('.authorization.k8s.io "" is invalid: spec.user: Invalid value: "": at least one of user or group must be specified')
})
