import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startTestServer, type TestServer } from '../core/testing.ts'
import type { User } from '../request.ts'

const CLAIM = '/apis/resource.k8s.io/v1/namespaces/x/resourceclaims/c'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const DRIVER = 'd.example.com'
const allocation = {
  devices: { results: [{ request: 'a', driver: DRIVER, pool: 'p', device: '1' }] },
  nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }] },
}
const device = { driver: DRIVER, pool: 'p', device: '1' }

let server: TestServer
/** May write statuses, and what is said. */
async function userWith(name: string, more: readonly object[] = [], extra: User['extra'] = {}): Promise<User> {
  const user: User = { name, uid: '', groups: ['system:authenticated'], extra }
  const role = name.replaceAll(':', '-')
  await server.ask(`POST ${RBAC}/clusterroles`, { metadata: { name: role }, rules: [{ apiGroups: ['resource.k8s.io'], resources: ['resourceclaims/status'], verbs: ['update', 'patch'] }, ...more] })
  await server.ask(`POST ${RBAC}/clusterrolebindings`, { metadata: { name: role }, roleRef: { kind: 'ClusterRole', name: role, apiGroup: 'rbac.authorization.k8s.io' }, subjects: [{ kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' }] })
  await vi.waitFor(async () => {
    expect((await server.askAs(user, `PUT ${CLAIM}/status`, {})).status).not.toBe(403)
  })
  return user
}
const write = async (user: User, status: object): Promise<unknown> => {
  const { body } = await server.ask(`GET ${CLAIM}`)
  const answer = await server.askAs(user, `PUT ${CLAIM}/status?dryRun=All`, { ...body, status: { ...(body['status'] as object), ...status } })
  return answer.status === 200 ? 200 : answer.body['message']
}

beforeAll(async () => {
  server = await startTestServer()
  await server.ask('POST /apis/resource.k8s.io/v1/namespaces/x/resourceclaims', { metadata: { name: 'c' }, spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'c' } }] } } })
})
afterAll(() => server.stop())

test('who allocates and reserves may bind', async () => {
  const [anna, ben] = [await userWith('anna'), await userWith('ben', [{ apiGroups: ['resource.k8s.io'], resources: ['resourceclaims/binding'], verbs: ['update'] }])]
  expect(await write(anna, { allocation })).toBe(
    'ResourceClaim.resource.k8s.io "c" is invalid: status: Forbidden: changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="update" permission: resourceclaims.resource.k8s.io is forbidden: User "anna" cannot update resource "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope',
  )
  expect(await write(ben, { allocation })).toBe(200)
})

test('who tells of devices may do so for their driver, everywhere or where she runs', async () => {
  const { body } = await server.ask(`GET ${CLAIM}`)
  expect((await server.ask(`PUT ${CLAIM}/status`, { ...body, status: { allocation } })).status).toBe(200)
  const may = (verb: string): readonly object[] => [{ apiGroups: ['resource.k8s.io'], resources: ['resourceclaims/driver'], resourceNames: [DRIVER], verbs: [verb] }]
  const local = may('associated-node:update')
  const there = await userWith('system:serviceaccount:x:there', local, { 'authentication.kubernetes.io/node-name': ['n1'] })
  const elsewhere = await userWith('system:serviceaccount:x:elsewhere', local, { 'authentication.kubernetes.io/node-name': ['n2'] })
  const anywhere = await userWith('anywhere', may('arbitrary-node:update'))
  const devices = [device]
  expect(await write(there, { devices })).toBe(200)
  expect(await write(anywhere, { devices })).toBe(200)
  expect(await write(elsewhere, { devices })).toBe(
    'ResourceClaim.resource.k8s.io "c" is invalid: status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver", verb="[arbitrary-node:update]" permission: resourceclaims.resource.k8s.io "d.example.com" is forbidden: User "system:serviceaccount:x:elsewhere" cannot arbitrary-node:update resource "resourceclaims/driver" in API group "resource.k8s.io" in the namespace "x"',
  )
})
