import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../apiserver/core/testing.ts'

const ROOT = '/apis/admissionregistration.k8s.io/v1'
let server: TestServer
beforeAll(async () => void (server = await startTestServer()))
afterAll(() => server.stop())

const rules = (...operations: readonly string[]) => [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations }]

async function bind(name: string, spec: object, binding: object = {}): Promise<void> {
  const matchConstraints = { resourceRules: rules('CREATE', 'UPDATE', 'DELETE'), objectSelector: { matchLabels: { test: name } } }
  const policy = await server.ask(`POST ${ROOT}/validatingadmissionpolicies`, { metadata: { name }, spec: { matchConstraints, ...spec } })
  const bound = await server.ask(`POST ${ROOT}/validatingadmissionpolicybindings`, { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'], ...binding } })
  expect([policy.status, bound.status], JSON.stringify([policy.body, bound.body])).toEqual([201, 201])
}

/** Tries again until the caches have seen the policy. */
async function until(line: string, body: object | undefined, status: number): ReturnType<TestServer['ask']> {
  for (let tries = 0; ; tries++) {
    const answer = await server.ask(line, body)
    if (answer.status === status || tries === 3_000) return answer
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const map = (test: string, more: object = {}): object => ({ metadata: { name: `${test}-map`, labels: { test } }, ...more })
const MAPS = '/api/v1/namespaces/x/configmaps'

test('a denial names the policy, the binding and why', async () => {
  await bind('deny', { validations: [{ expression: '"k" in object.data', message: 'k wanted', reason: 'Forbidden' }] })
  const { status, body } = await until(`POST ${MAPS}`, map('deny', { data: { a: '1' } }), 403)
  const message = "ValidatingAdmissionPolicy 'deny' with binding 'deny' denied request: k wanted"
  expect([status, body['reason'], body['message'], body['details']]).toEqual([403, 'Forbidden', `configmaps "deny-map" is forbidden: ${message}`, { name: 'deny-map', kind: 'configmaps', causes: [{ message }] }])
  expect((await server.ask(`POST ${MAPS}`, map('deny', { data: { k: '1' } }))).status).toBe(201)
  expect((await server.ask(`POST ${MAPS}`, map('other'))).status).toBe(201)
})

test('a deletion is judged by what is deleted', async () => {
  await server.ask(`POST ${MAPS}`, map('kept'))
  await bind('kept', { validations: [{ expression: 'request.operation != "DELETE" || oldObject.metadata.name != "kept-map"', message: 'kept' }] })
  expect((await until(`DELETE ${MAPS}/kept-map`, undefined, 422)).status).toBe(422)
})

test('a warning lets it pass; what cannot be told is the policy\'s to decide', async () => {
  await bind('warn', { validations: [{ expression: 'false', message: 'careful' }] }, { validationActions: ['Warn'] })
  await bind('ignore', { failurePolicy: 'Ignore', validations: [{ expression: 'object.data.none == "1"' }] })
  await until(`POST ${MAPS}?dryRun=All`, map('deny'), 422)
  expect((await server.ask(`POST ${MAPS}?dryRun=All`, map('warn'))).warnings).toEqual(["Validation failed for ValidatingAdmissionPolicy 'warn' with binding 'warn': careful"])
  expect((await server.ask(`POST ${MAPS}?dryRun=All`, map('ignore', { data: { a: '1' } }))).status).toBe(201)
})

test('params come from the binding, and rights from who asks', async () => {
  await server.ask(`POST ${MAPS}`, { metadata: { name: 'limits' }, data: { most: '1' } })
  const paramRef = { name: 'limits', namespace: 'x', parameterNotFoundAction: 'Deny' }
  await bind('params', { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, validations: [{ expression: 'object.data.size() <= int(params.data.most)' }, { expression: 'authorizer.requestResource.check("create").allowed()' }] }, { paramRef })
  expect((await until(`POST ${MAPS}?dryRun=All`, map('params', { data: { a: '1', b: '2' } }), 422)).status).toBe(422)
  expect((await server.ask(`POST ${MAPS}?dryRun=All`, map('params', { data: { a: '1' } }))).status).toBe(201)
  await bind('gone', { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, validations: [{ expression: 'true' }] }, { paramRef: { ...paramRef, name: 'none' } })
  expect((await until(`POST ${MAPS}?dryRun=All`, map('gone'), 422)).body['message']).toContain('no params found for policy binding with `Deny` parameterNotFoundAction')
})

test('what is no validation refuses, whatever the binding does with those that fail', async () => {
  const warn = { validationActions: ['Warn'] }
  const asked = { data: { a: '1' } }
  const refusal = async (test: string): Promise<unknown> => (await until(`POST ${MAPS}?dryRun=All`, map(test, asked), 422)).body['message']
  const paramKind = { apiVersion: 'none.example.com/v1', kind: 'None' }
  await bind('nokind', { paramKind, validations: [{ expression: 'true' }] }, { ...warn, paramRef: { name: 'x', parameterNotFoundAction: 'Allow' } })
  expect(await refusal('nokind')).toBe(`configmaps "nokind-map" is forbidden: ValidatingAdmissionPolicy 'nokind' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'none.example.com/v1, Kind=None'`)
  await bind('nokind-ignored', { paramKind, failurePolicy: 'Ignore', validations: [{ expression: 'true' }] }, { ...warn, paramRef: { name: 'x', parameterNotFoundAction: 'Deny' } })
  await bind('noparam', { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, validations: [{ expression: 'true' }] }, { ...warn, paramRef: { name: 'x', namespace: 'x', parameterNotFoundAction: 'Deny' } })
  expect(await refusal('noparam')).toContain("ValidatingAdmissionPolicy 'noparam' with binding 'noparam' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction")
  await bind('clusterwide', { paramKind: { apiVersion: 'v1', kind: 'Namespace' }, validations: [{ expression: 'true' }] }, { ...warn, paramRef: { name: 'x', namespace: 'x', parameterNotFoundAction: 'Deny' } })
  expect(await refusal('clusterwide')).toContain('failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
  await bind('annotated', { auditAnnotations: [{ key: 'a', valueExpression: '"" + object.data.none' }] }, warn)
  expect(await refusal('annotated')).toContain(`ValidatingAdmissionPolicy 'annotated' with binding 'annotated' denied request: expression '"" + object.data.none' resulted in error: no such key: none`)
  expect((await server.ask(`POST ${MAPS}?dryRun=All`, map('nokind-ignored', asked))).status).toBe(201)
})

test('a request is told of with its options, of a namespace without another one around it', async () => {
  await bind('options', { validations: [{ expression: 'false', messageExpression: 'request.options.kind + " " + request.options.apiVersion + " " + string(request.options.dryRun[0])' }] })
  expect((await until(`POST ${MAPS}?dryRun=All`, map('options'), 422)).body['message']).toContain('denied request: CreateOptions meta.k8s.io/v1 All')
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces'], operations: ['UPDATE'] }]
  await bind('around', { matchConstraints: { resourceRules, objectSelector: { matchLabels: { test: 'around' } } }, validations: [{ expression: 'false', messageExpression: 'string(namespaceObject == null)' }] })
  expect((await until('PUT /api/v1/namespaces/x?dryRun=All', { metadata: { name: 'x', labels: { test: 'around' } } }, 422)).body['message']).toContain('denied request: true')
})

test('an expression that makes no sense is refused with its place', async () => {
  const { status, body } = await server.ask(`POST ${ROOT}/validatingadmissionpolicies?dryRun=All`, { metadata: { name: 'bad' }, spec: { matchConstraints: { resourceRules: rules('*') }, validations: [{ expression: 'object.' }] } })
  expect([status, body['message']]).toEqual([422, 'ValidatingAdmissionPolicy.admissionregistration.k8s.io "bad" is invalid: spec.validations[0].expression: Invalid value: "object.": compilation failed: ERROR: <input>:1:8: Syntax error: no viable alternative at input \'.\'\n | object.\n | .......^'])
})
