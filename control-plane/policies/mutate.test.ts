import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../apiserver/core/testing.ts'

const ROOT = '/apis/admissionregistration.k8s.io/v1'
const MAPS = '/api/v1/namespaces/x/configmaps'
const PODS = '/api/v1/namespaces/x/pods'
let server: TestServer
beforeAll(async () => void (server = await startTestServer()))
afterAll(() => server.stop())

const apply = (expression: string): object => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } })
const patch = (expression: string): object => ({ patchType: 'JSONPatch', jsonPatch: { expression } })
const rules = (resource: string) => [{ apiGroups: [''], apiVersions: ['v1'], resources: [resource], operations: ['CREATE', 'UPDATE'] }]

async function bind(name: string, mutations: readonly object[], { spec = {}, binding = {}, resource = 'configmaps' }: { readonly spec?: object; readonly binding?: object; readonly resource?: string } = {}): Promise<void> {
  const matchConstraints = { resourceRules: rules(resource), objectSelector: { matchLabels: { test: name.split('-', 1)[0] } } }
  const policy = await server.ask(`POST ${ROOT}/mutatingadmissionpolicies`, { metadata: { name }, spec: { matchConstraints, reinvocationPolicy: 'Never', mutations, ...spec } })
  const bound = await server.ask(`POST ${ROOT}/mutatingadmissionpolicybindings`, { metadata: { name }, spec: { policyName: name, ...binding } })
  expect([policy.status, bound.status], JSON.stringify([policy.body, bound.body])).toEqual([201, 201])
}

type Answer = Awaited<ReturnType<TestServer['ask']>>

/** Tries again until the caches have seen the policies. */
async function until(path: string, body: object, isDone: (answer: Answer) => boolean): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    const answer = await server.ask(`POST ${path}?dryRun=All`, body)
    if (isDone(answer) || tries === 3_000) return answer
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const map = (test: string, more: object = {}, labels: object = {}): object => ({ metadata: { name: `${test}-map`, labels: { test, ...labels } }, ...more })
const labelsOf = ({ body }: Answer): unknown => (body['metadata'] as { readonly labels?: unknown }).labels
const has = (label: string) => (answer: Answer) => label in ((labelsOf(answer) as object | undefined) ?? {})

test('a configuration is laid over the object', async () => {
  await bind('labels', [apply('Object{metadata: Object.metadata{labels: {"added": "by-policy", ?"from": object.data.?x}}}')])
  expect(labelsOf(await until(MAPS, map('labels', { data: { x: '1' } }, { added: 'other', mine: '1' }), has('from')))).toEqual({ test: 'labels', added: 'by-policy', mine: '1', from: '1' })
})

test('items of lists are merged by their keys, and what comes new gets its defaults', async () => {
  await bind('sidecar', [apply('Object{spec: Object.spec{initContainers: [Object.spec.initContainers{name: "mesh", image: "mesh:1", restartPolicy: "Always"}]}}')], { resource: 'pods' })
  const pod = { metadata: { name: 'p', labels: { test: 'sidecar' } }, spec: { containers: [{ name: 'c', image: 'c:1' }] } }
  const { body } = await until(PODS, pod, (answer) => 'initContainers' in ((answer.body['spec'] as object | undefined) ?? {}))
  expect((body['spec'] as { readonly initContainers: unknown }).initContainers).toEqual([expect.objectContaining({ name: 'mesh', image: 'mesh:1', restartPolicy: 'Always', imagePullPolicy: 'IfNotPresent' })])
})

test('a JSON patch adds, and does nothing where its test fails', async () => {
  await bind('patch', [patch('[JSONPatch{op: "test", path: "/data/a", value: "1"}, JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("x.io/y"), value: "2"}]')])
  expect(labelsOf(await until(MAPS, map('patch', { data: { a: '1' } }), has('x.io/y')))).toEqual({ test: 'patch', 'x.io/y': '2' })
  expect(labelsOf(await server.ask(`POST ${MAPS}?dryRun=All`, map('patch', { data: { a: '3' } })))).toEqual({ test: 'patch' })
})

test('a sum has all its digits', async () => {
  await bind('sum', [apply('Object{spec: Object.spec{terminationGracePeriodSeconds: object.spec.terminationGracePeriodSeconds + 1}}')], { resource: 'pods' })
  const graceOf = ({ body }: Answer): unknown => (body['spec'] as { readonly terminationGracePeriodSeconds?: unknown } | undefined)?.terminationGracePeriodSeconds
  const pod = { metadata: { name: 'sum', labels: { test: 'sum' } }, spec: { terminationGracePeriodSeconds: 2n ** 53n + 1n, containers: [{ name: 'c', image: 'i' }] } }
  // Without the last digit it would be 2⁵³ still.
  expect(graceOf(await until(PODS, pod, (answer) => graceOf(answer) === 2 ** 53 + 2))).toBe(2 ** 53 + 2)
})

test('one mutation sees what those before it made, with variables, params and conditions', async () => {
  await server.ask(`POST ${MAPS}`, { metadata: { name: 'given' }, data: { tier: 'gold' } })
  const spec = { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, matchConditions: [{ name: 'wanted', expression: '!("skip" in object.metadata.labels)' }], variables: [{ name: 'tier', expression: 'params.data.tier' }] }
  await bind('chain', [apply('Object{metadata: Object.metadata{labels: {"tier": variables.tier}}}'), apply('Object{metadata: Object.metadata{labels: {"again": object.metadata.labels.tier}}}')], { spec, binding: { paramRef: { name: 'given', namespace: 'x', parameterNotFoundAction: 'Deny' } } })
  expect(labelsOf(await until(MAPS, map('chain'), has('again')))).toEqual({ test: 'chain', tier: 'gold', again: 'gold' })
  expect(labelsOf(await server.ask(`POST ${MAPS}?dryRun=All`, map('chain', {}, { skip: '' })))).toEqual({ test: 'chain', skip: '' })
})

test('what has no value is refused, or passed over where the policy says so', async () => {
  const expression = 'Object{metadata: Object.metadata{labels: {"v": object.data.need}}}'
  await bind('fails', [apply(expression)])
  await bind('ignores', [apply(expression)], { spec: { failurePolicy: 'Ignore' } })
  const message = `policy 'fails' with binding 'fails' denied request: expression '${expression}' resulted in error: no such key: need`
  const { status, body } = await until(MAPS, map('fails', { data: { a: '1' } }), (answer) => answer.status === 403)
  expect([status, body['message'], body['reason'], body['details']]).toEqual([403, message, 'Invalid', { name: 'fails-map', kind: 'configmaps', causes: [{ message }] }])
  await until(MAPS, map('ignores', { data: { need: '1' } }), has('v'))
  expect((await server.ask(`POST ${MAPS}?dryRun=All`, map('ignores', { data: { a: '1' } }))).status).toBe(201)
})

test('what one mutation fails at the next may still do; all that failed is told', async () => {
  const bad = 'Object{metadata: Object.metadata{labels: {"v": object.data.need}}}'
  await bind('partly', [apply('Object{metadata: Object.metadata{labels: {"first": "1"}}}'), apply(bad), apply('Object{metadata: Object.metadata{labels: {"last": object.metadata.labels.first}}}')], { spec: { failurePolicy: 'Ignore' } })
  expect(labelsOf(await until(MAPS, map('partly', { data: { a: '1' } }), has('last')))).toEqual({ test: 'partly', first: '1', last: '1' })
  await bind('twice', [apply(bad), apply(bad)])
  const { body } = await until(MAPS, map('twice', { data: { a: '1' } }), ({ status }) => status === 403)
  expect((body['details'] as { readonly causes: readonly unknown[] }).causes).toHaveLength(2)
})

test('a policy that cannot be used is told as forbidden', async () => {
  await bind('nokind', [apply('Object{}')], { spec: { paramKind: { apiVersion: 'none.example.com/v1', kind: 'None' } }, binding: { paramRef: { name: 'x', parameterNotFoundAction: 'Allow' } } })
  const message = `policy "nokind" denied request: failed to configure policy: failed to find resource referenced by paramKind: 'none.example.com/v1, Kind=None'`
  expect((await until(MAPS, map('nokind'), ({ status }) => status === 403)).body).toMatchObject({ message, reason: 'Forbidden', details: { causes: [{ message }] } })
})

test('each mutation sees the defaults of what those before it made', async () => {
  await bind('defaults', [apply('Object{spec: Object.spec{initContainers: [Object.spec.initContainers{name: "mesh", image: "mesh:1"}]}}'), apply('Object{metadata: Object.metadata{labels: {"pull": object.spec.initContainers[0].imagePullPolicy}}}')], { resource: 'pods' })
  const pod = { metadata: { name: 'p', labels: { test: 'defaults' } }, spec: { containers: [{ name: 'c', image: 'c:1' }] } }
  expect(labelsOf(await until(PODS, pod, has('pull')))).toMatchObject({ pull: 'IfNotPresent' })
})

test('lists that are taken as a whole are not replaced, and names of types follow the fields', async () => {
  await bind('atomic', [apply('Object{spec: Object.spec{containers: [Object.spec.containers{name: "c", args: ["x"]}]}}')], { resource: 'pods' })
  await bind('named', [apply('Object{metadata: Object.spec{}}')])
  const pod = { metadata: { name: 'p', labels: { test: 'atomic' } }, spec: { containers: [{ name: 'c', image: 'c:1' }] } }
  expect((await until(PODS, pod, ({ status }) => status === 403)).body['message']).toBe(`policy 'atomic' with binding 'atomic' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.containers[name="c"].args`)
  expect((await until(MAPS, map('named'), ({ status }) => status === 403)).body['message']).toContain('type mismatch: unexpected type name "Object.spec", expected "Object.metadata", which matches field name path from root Object type')
})

test('a policy is asked again about what another made after it, if it wishes so', async () => {
  const copy = apply('Object{metadata: Object.metadata{annotations: {"seen": "late" in object.metadata.labels ? "yes" : "no"}}}')
  await bind('again-a', [copy], { spec: { reinvocationPolicy: 'IfNeeded' } })
  await bind('again-b', [apply('Object{metadata: Object.metadata{labels: {"late": "1"}}}')])
  const { body } = await until(MAPS, map('again'), has('late'))
  expect((body['metadata'] as { readonly annotations: unknown }).annotations).toEqual({ seen: 'yes' })
})

test('what a mutation must evaluate to is told when it is written', async () => {
  const written = async (mutation: object, more: object = {}): Promise<unknown> => (await server.ask(`POST ${ROOT}/mutatingadmissionpolicies?dryRun=All`, { metadata: { name: 'w' }, spec: { matchConstraints: { resourceRules: rules('pods') }, reinvocationPolicy: 'Never', mutations: [mutation], ...more } })).body['message']
  const at = (field: string, text: string): string => `MutatingAdmissionPolicy.admissionregistration.k8s.io "w" is invalid: spec.mutations[0].${field}.expression: Invalid value: ${text}`
  expect(await written(apply('{"a": "b"}'))).toBe(at('applyConfiguration', String.raw`"{\"a\": \"b\"}": must evaluate to Object but got map(string, string)`))
  expect(await written(patch('Object{}'))).toBe(at('jsonPatch', '"Object{}": must evaluate to list(JSONPatch) but got Object'))
  expect(await written(patch('[JSONPatch{nope: 1}]'))).toContain("undefined field 'nope'")
  expect(await written(apply('Other{}'))).toContain("undeclared reference to 'Other' (in container '')")
  expect(await written(patch('true ? [JSONPatch{op: "test", path: "/a", value: 1}] + [] : []'))).toBeUndefined()
  expect(await written(apply('variables.a'), { variables: [{ name: 'a', expression: 'Object{}' }] })).toContain("spec.variables[0].expression: Invalid value: \"Object{}\": compilation failed: ERROR: <input>:1:7: undeclared reference to 'Object' (in container '')")
  expect(await written(patch('[]'))).toBe(at('jsonPatch', '"[]": must evaluate to list(JSONPatch) but got list(dyn)'))
})

test('a JSON patch that makes what is no object of the kind is refused, whatever the policy does with failures', async () => {
  await bind('typed', [patch('[JSONPatch{op: "add", path: "/metadata/labels/x", value: 1}]')], { spec: { failurePolicy: 'Ignore' } })
  await bind('unknown', [patch('[JSONPatch{op: "add", path: "/dta", value: "x"}]')])
  const refused = async (name: string): Promise<unknown> => (await until(MAPS, map(name), ({ status }) => status !== 201)).body
  expect(await refused('typed')).toMatchObject({ code: 500, reason: 'InternalError', message: 'Internal error occurred: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string' })
  expect(await refused('unknown')).toMatchObject({ code: 500, reason: 'InternalError', message: 'Internal error occurred: strict decoding error: unknown field "dta"' })
})

test('copies of copies are held to one limit over all operations', async () => {
  const doubling = Array.from({ length: 30 }, (_, index) => `JSONPatch{op: "copy", from: "/data", path: "/data/a${index}"}`)
  await bind('copies', [patch(`[${doubling.join(', ')}]`)])
  const { status, body } = await until(MAPS, map('copies', { data: { a: '1' } }), (answer) => answer.status !== 201)
  expect([status, body['message']]).toEqual([403, expect.stringMatching(/^policy 'copies' with binding 'copies' denied request: JSON Patch: Unable to complete the copy, the accumulated size increase of copy is \d+, exceeding the limit 3145728$/)])
})
