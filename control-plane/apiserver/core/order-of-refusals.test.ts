import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const maps = '/api/v1/namespaces/x/configmaps'
const storageError = (key: string, wanted: string, has = ''): string => `StorageError: invalid object, Code: 4, Key: /registry/${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${has}`

async function refused(line: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<readonly [number, unknown]> {
  const answer = await server.ask(line, body, headers)
  return [answer.status, answer.body['message']]
}

test('a patch that cannot be read is told of only where there is something to patch', async () => {
  const patch = async (name: string, type: string, query = ''): Promise<readonly [number, string]> => {
    const { status, text } = await server.sendBytes(`PATCH ${maps}/${name}${query}`, Buffer.from('{'), { 'content-type': `application/${type}` })
    return [status, String((JSON.parse(text) as { readonly message?: unknown }).message)]
  }
  await server.ask(`POST ${maps}`, { metadata: { name: 'patched' } })
  for (const type of ['json-patch+json', 'merge-patch+json', 'strategic-merge-patch+json']) expect(await patch('none', type)).toEqual([404, 'configmaps "none" not found'])
  expect(await patch('patched', 'merge-patch+json')).toEqual([400, 'error decoding patch: unexpected end of JSON input'])
  expect(await patch('patched', 'merge-patch+json', '?fieldValidation=Ignore')).toEqual([400, 'Invalid JSON Patch'])
  expect(await patch('patched', 'json-patch+json', '?fieldValidation=Ignore')).toEqual([400, 'unexpected end of JSON input'])
})

test('a merge patch that is null', async () => {
  await server.ask(`POST ${maps}`, { metadata: { name: 'nothing' } })
  const answer = await server.sendBytes(`PATCH ${maps}/nothing`, Buffer.from('null'), { 'content-type': 'application/merge-patch+json' })
  expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('"Invalid JSON Patch"')])
})

test('an update that means another object than there is, or one that is none', async () => {
  expect(await refused(`PUT ${maps}/gone`, { metadata: { name: 'gone', uid: 'a' } })).toEqual([409, `Operation cannot be fulfilled on configmaps "gone": ${storageError('configmaps/x/gone', 'a')}`])
  expect(await refused('PUT /api/v1/namespaces/x/services/gone', { metadata: { name: 'gone', uid: 'a' }, spec: { ports: [{ port: 80 }] } })).toEqual([409, expect.stringContaining(storageError('services/specs/x/gone', 'a'))])
  expect(await refused(`PUT ${maps}/gone?dryRun=All`, { metadata: { name: 'gone', uid: 'a' } })).toEqual([409, expect.stringContaining('Key: /configmaps/x/gone,')])
  expect(await refused('PUT /api/v1/nodes/gone', { metadata: { name: 'gone', uid: 'a' } })).toEqual([409, expect.stringContaining(storageError('minions/gone', 'a'))])
  expect(await refused('PUT /apis/networking.k8s.io/v1/namespaces/x/ingresses/gone', { metadata: { name: 'gone', uid: 'a' } })).toEqual([409, expect.stringContaining(storageError('ingress/x/gone', 'a'))])
})

test('namespaces are compared before names', async () => {
  const other = { metadata: { name: 'b', namespace: 'y' } }
  await server.ask(`POST ${maps}`, { metadata: { name: 'a' } })
  const message = 'the namespace of the provided object does not match the namespace sent on the request'
  expect(await refused(`PUT ${maps}/a`, other)).toEqual([400, message])
  expect(await refused(`PATCH ${maps}/a`, other, { 'content-type': 'application/merge-patch+json' })).toEqual([400, message])
  expect(await refused(`PATCH ${maps}/a?fieldManager=m`, { apiVersion: 'v1', kind: 'ConfigMap', ...other }, { 'content-type': 'application/apply-patch+yaml' })).toEqual([400, message])
})

test('a resourceVersion at create is refused at the very end, and only if it is one', async () => {
  const create = async (query: string, metadata: unknown) => server.ask(`POST ${maps}${query}`, { metadata })
  expect((await create('', { name: 'UPPER', resourceVersion: '5' })).status).toBe(422)
  expect((await create('', { name: 'word', resourceVersion: 'abc' })).status).toBe(201)
  expect((await create('', { name: 'numbered', resourceVersion: '5' })).status).toBe(500)
  expect(await create('?dryRun=All', { name: 'numbered', resourceVersion: '5' })).toMatchObject({ status: 201, body: { metadata: { resourceVersion: '5' } } })
  const lease = { metadata: { name: 'l', resourceVersion: '5' }, spec: {} }
  expect((await server.ask('PUT /apis/coordination.k8s.io/v1/namespaces/x/leases/l', lease)).status).toBe(201)
  expect(await refused(`PUT ${maps}/word`, { metadata: { name: 'word', resourceVersion: '99999999999999999999' } })).toEqual([500, 'strconv.ParseUint: parsing "99999999999999999999": value out of range'])
})

test('options of lists: what cannot be read comes before what contradicts itself', async () => {
  expect(await refused(`GET ${maps}?limit=x&timeoutSeconds=y`)).toEqual([400, 'strconv.ParseInt: parsing "y": invalid syntax'])
  expect(await refused(`GET ${maps}?labelSelector=a%20b%20c&resourceVersionMatch=Exact`)).toEqual([400, expect.stringContaining('unable to parse requirement')])
  expect((await refused(`GET ${maps}?resourceVersionMatch=Exact&fieldSelector=spec.x=1`))[0]).toBe(422)
  expect(await refused(`GET ${maps}?continue=%21&resourceVersion=5`)).toEqual([400, expect.stringContaining('invalid continue token')])
  expect(await refused(`DELETE ${maps}?labelSelector=a%20b%20c&dryRun=no`)).toEqual([400, expect.stringContaining('unable to parse requirement')])
})

test('a deprecated path to watch takes the options of a list, and its name for the selector', async () => {
  expect((await refused('GET /api/v1/watch/namespaces/x/configmaps?sendInitialEvents=true&resourceVersionMatch=NotOlderThan'))[0]).toBe(422)
  expect(await refused('GET /api/v1/watch/namespaces/x/configmaps/a?fieldSelector=metadata.name%3Db')).toEqual([400, "fieldSelector metadata.name doesn't match requested name"])
})

test('what cannot be read is told of before options at create, after them at update', async () => {
  const text = { 'content-type': 'text/plain' }
  expect((await refused(`POST ${maps}?dryRun=no`, {}, text))[0]).toBe(415)
  expect((await refused(`PUT ${maps}/a?dryRun=no`, {}, text))[0]).toBe(422)
  expect((await refused(`PATCH ${maps}/a`, {}, { 'content-type': 'Application/Merge-Patch+JSON' }))[0]).toBe(415)
})

test('bodies of kinds that are known and not described', async () => {
  for (const kind of ['List', 'PodExecOptions']) {
    expect(await refused(`POST ${maps}`, { kind, apiVersion: 'v1' })).toEqual([400, `${kind} in version "v1" cannot be handled as a ConfigMap: converting (v1.${kind}) to (core.ConfigMap): unknown conversion`])
  }
})

test('what can be listed and not be watched', async () => {
  expect(await refused('GET /api/v1/componentstatuses?watch=1')).toEqual([405, 'watch is not supported on resources of kind "componentstatuses"'])
})

test('options of a delete that are none', async () => {
  const scheme = 'in scheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"'
  expect(await refused(`DELETE ${maps}/a`, { kind: 'Pod' })).toEqual([400, `no kind "Pod" is registered for version "meta.k8s.io/v1" ${scheme}`])
  expect(await refused(`DELETE ${maps}/a`, { kind: 'DeleteOptions', apiVersion: 'a/b/c' })).toEqual([400, 'unexpected GroupVersion string: a/b/c'])
})

test('both mistakes of a propagation policy are told', async () => {
  expect(await refused(`DELETE ${maps}/a`, { propagationPolicy: 'Never', orphanDependents: true })).toEqual([
    422,
    'DeleteOptions.meta.k8s.io "" is invalid: [propagationPolicy: Invalid value: "Never": orphanDependents and deletionPropagation cannot be both set, propagationPolicy: Unsupported value: "Never": supported values: "Foreground", "Background", "Orphan", "nil"]',
  ])
})
