import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startTestServer, type TestServer } from '../core/testing.ts'
import type { User } from '../request.ts'

const GROUP = '/apis/admissionregistration.k8s.io/v1'
const user = (name: string): User => ({ name, uid: '', groups: ['system:authenticated'], extra: {} })
const anna = '&{anna  [system:authenticated] map[]}'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  const RBAC = '/apis/rbac.authorization.k8s.io/v1'
  const rules = [{ apiGroups: ['admissionregistration.k8s.io'], resources: ['*'], verbs: ['*'] }]
  await server.ask(`POST ${RBAC}/clusterroles`, { metadata: { name: 'writes' }, rules })
  await server.ask(`POST ${RBAC}/clusterroles`, { metadata: { name: 'reads' }, rules: [...rules, { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }] })
  for (const [name, role] of [['anna', 'writes'], ['rita', 'reads']] as const) {
    await server.ask(`POST ${RBAC}/clusterrolebindings`, { metadata: { name }, roleRef: { kind: 'ClusterRole', name: role, apiGroup: 'rbac.authorization.k8s.io' }, subjects: [{ kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' }] })
  }
  await vi.waitFor(async () => {
    expect((await server.askAs(user('rita'), `GET ${GROUP}/validatingadmissionpolicies`)).status).toBe(200)
  })
})
afterAll(() => server.stop())

const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }]
const policy = (name: string, paramKind?: object): object => ({ metadata: { name }, spec: { ...(paramKind && { paramKind }), matchConstraints: { resourceRules }, validations: [{ expression: 'true' }] } })
const configMaps = { apiVersion: 'v1', kind: 'ConfigMap' }
const message = async (who: string, line: string, body: object): Promise<unknown> => {
  const answer = await server.askAs(user(who), line, body)
  return answer.status < 300 ? answer.status : answer.body['message']
}

test('who names a kind of parameters may read all of that kind', async () => {
  const path = `POST ${GROUP}/validatingadmissionpolicies`
  expect(await message('anna', path, policy('none'))).toBe(201)
  expect(await message('anna', path, policy('p', configMaps))).toBe(`ValidatingAdmissionPolicy.admissionregistration.k8s.io "p" is invalid: spec.paramKind: Forbidden: user ${anna} must have "get" permission on all objects of the referenced paramKind (kind=ConfigMap, apiVersion=v1)`)
  expect(await message('rita', path, policy('p', configMaps))).toBe(201)
  const { body } = await server.ask(`GET ${GROUP}/validatingadmissionpolicies/p`)
  expect(await message('anna', `PUT ${GROUP}/validatingadmissionpolicies/p`, { ...body, spec: { ...(body['spec'] as object), failurePolicy: 'Ignore' } })).toBe(200)
})

test('who names parameters may read them', async () => {
  await server.ask(`POST ${GROUP}/validatingadmissionpolicies`, policy('q', configMaps))
  await server.ask(`POST ${GROUP}/validatingadmissionpolicies`, policy('odd', { apiVersion: 'example.com/v1', kind: 'Odd' }))
  const binding = (policyName: string, paramRef: object): object => ({ metadata: { generateName: 'b-' }, spec: { policyName, validationActions: ['Deny'], paramRef: { parameterNotFoundAction: 'Deny', namespace: 'x', ...paramRef } } })
  const ask = (who: string, policyName: string, paramRef: object): Promise<unknown> => message(who, `POST ${GROUP}/validatingadmissionpolicybindings`, binding(policyName, paramRef))
  const all = `to determine minimum required permissions and user ${anna} does not have "get" permission for all groups, versions and resources`
  expect(await ask('rita', 'q', { name: 'c' })).toBe(201)
  expect(await ask('rita', 'q', { selector: {} })).toContain('does not have "list" permission on the object referenced by paramRef')
  expect(await ask('anna', 'q', { name: 'c' })).toContain(`spec.paramRef: Forbidden: user ${anna} does not have "get" permission on the object referenced by paramRef`)
  expect(await ask('anna', 'absent', { name: 'c' })).toContain(`spec.paramRef: Forbidden: unable to get policy absent ${all}`)
  expect(await ask('anna', 'odd', { name: 'c' })).toContain(`spec.paramRef: Forbidden: unable to resolve paramKind &{example.com/v1 Odd} ${all}`)
  expect(await message('anna', `POST ${GROUP}/mutatingadmissionpolicybindings`, { metadata: { name: 'm' }, spec: { policyName: 'absent', paramRef: { name: 'c', parameterNotFoundAction: 'Deny' } } })).toContain(`user get does not have "${anna}" permission on the object referenced by paramRef`)
})
