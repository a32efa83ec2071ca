import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { createAuthority, issueCertificate } from '../../shared/kit/pki.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import { isJsonObject, type Json, type JsonObject, readJson } from '../../shared/model/json.ts'
import type { DynamicResources } from '../apiserver/core/dynamic-resources.ts'
import { startTestServer, type TestServer } from '../apiserver/core/testing.ts'
import { createCustomResourcesController } from '../controllers/customresources/reconcile.ts'
import { createEventRecorder } from '../controllers/events/recorder.ts'
import { runController } from '../controllers/runner.ts'
import { createInformers } from '../informers/informers.ts'

const MERGE = { 'content-type': 'application/merge-patch+json' }
let server: TestServer
let hook: Server
let caBundle: string
const stop = new AbortController()
/** What the webhook makes of each object; anything else is its whole answer. */
let convert: (object: JsonObject, apiVersion: string) => JsonObject = (object) => object
let result: JsonObject = { status: 'Success' }
let asked = 0
/** How many objects each review held. */
let reviewed: number[] = []
/** How often the admission webhook was asked; it writes something else each time. */
let admitted = 0
/** Who waits for a definition to be served, by its name. */
const expected = new Map<string, () => void>()

beforeAll(async () => {
  server = await startTestServer()
  const { client } = server
  const resources = server.api.core.resources as DynamicResources
  const replace = resources.replace.bind(resources)
  resources.replace = (owner, stores) => {
    replace(owner, stores)
    expected.get(owner.slice(owner.lastIndexOf('/') + 1))?.()
  }
  const parts = { client, clock: systemClock, random: seededRandom(1), log: silentLog }
  const informers = createInformers(parts)
  void informers.run(stop.signal)
  void runController(createCustomResourcesController({ ...parts, informers, events: createEventRecorder(parts) }), { clock: systemClock, log: silentLog, metrics: undefined }, stop.signal)
  const authority = await createAuthority({ clock: systemClock })
  const { certificatePem, privateKeyPem } = await issueCertificate(authority, { commonName: 'hook', organizations: [], usages: ['server'], dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], clock: systemClock })
  caBundle = Buffer.from(authority.certificatePem).toString('base64')
  hook = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.url?.startsWith('/admit')) return void response.end(admission(Buffer.concat(chunks).toString('utf8')))
      asked++
      const { request: review, apiVersion } = readJson(Buffer.concat(chunks).toString('utf8')) as unknown as { readonly apiVersion: string; readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly JsonObject[] } }
      reviewed.push(review.objects.length)
      const convertedObjects = review.objects.map((object) => ({ ...convert(object, review.desiredAPIVersion), apiVersion: review.desiredAPIVersion }))
      response.end(JSON.stringify({ kind: 'ConversionReview', apiVersion, response: { uid: review.uid, result, convertedObjects } }))
    })
  })
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  stop.abort()
  hook.closeAllConnections()
  hook.close()
  server.stop()
})

/** A label that is another each time. */
function admission(text: string): string {
  const { request } = JSON.parse(text) as { readonly request: { readonly uid: string } }
  const patch = [{ op: 'add', path: '/metadata/labels', value: { admitted: String(++admitted) } }]
  return JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: request.uid, allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') } })
}

const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }

async function define(plural: string, kind: string, url: string): Promise<(version: string, name?: string) => string> {
  const group = `${plural}.example.com`
  const versions = ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === 'v1', schema }))
  const conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: { url, caBundle } } }
  const isServed = new Promise<void>((resolve) => expected.set(`${plural}.${group}`, resolve))
  const made = await server.ask('POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions', { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.${group}` }, spec: { group, scope: 'Namespaced', names: { plural, kind }, versions, conversion } })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  await isServed
  return (version, name = '') => `/apis/${group}/${version}/namespaces/x/${plural}${name && `/${name}`}`
}

const spec = (object: Json | undefined): JsonObject => (isJsonObject(object) && isJsonObject(object['spec']) ? object['spec'] : {})

test('a webhook shows objects in another version, and takes them in that version', async () => {
  convert = (object, apiVersion) => {
    const { host, port, hostPort } = spec(object)
    const [one = '', other = ''] = String(hostPort ?? '').split(':')
    return { ...object, metadata: { ...(object['metadata'] as JsonObject), labels: { seen: apiVersion.replace('/', '_') } }, spec: apiVersion.endsWith('/v2') ? { host: one, port: other } : { hostPort: `${String(host)}:${String(port)}` } }
  }
  const { port } = hook.address() as AddressInfo
  const at = await define('hosts', 'Host', `https://127.0.0.1:${port}/convert`)
  const v1 = (name: string, hostPort: string): JsonObject => ({ apiVersion: 'hosts.example.com/v1', kind: 'Host', metadata: { name }, spec: { hostPort } })
  await server.ask(`POST ${at('v1')}`, v1('a', 'localhost:1'))
  await server.ask(`POST ${at('v1')}`, v1('b', 'localhost:2'))
  const read = await server.ask(`GET ${at('v2', 'a')}`)
  expect([read.body['apiVersion'], read.body['spec'], (read.body['metadata'] as JsonObject)['labels']]).toEqual(['hosts.example.com/v2', { host: 'localhost', port: '1' }, { seen: 'hosts.example.com_v2' }])
  asked = 0
  const listed = await server.ask(`GET ${at('v2')}`)
  expect((listed.body['items'] as readonly Json[]).map(spec)).toEqual([{ host: 'localhost', port: '1' }, { host: 'localhost', port: '2' }])
  expect(asked).toBe(1)
  const made = await server.ask(`POST ${at('v2')}`, { apiVersion: 'hosts.example.com/v2', kind: 'Host', metadata: { name: 'c' }, spec: { host: 'h', port: '3' } })
  expect([made.status, spec(made.body)]).toEqual([201, { host: 'h', port: '3' }])
  expect(spec((await server.ask(`GET ${at('v1', 'c')}`)).body)).toEqual({ hostPort: 'h:3' })
  const patched = await server.ask(`PATCH ${at('v2', 'a')}`, { spec: { port: '9' } }, MERGE)
  expect([patched.status, spec(patched.body)]).toEqual([200, { host: 'localhost', port: '9' }])
  expect(spec((await server.ask(`GET ${at('v1', 'a')}`)).body)).toEqual({ hostPort: 'localhost:9' })
  const watched = await server.events(`GET ${at('v2')}?watch=true`, 3)
  expect(watched.map(({ object }) => spec(object))).toEqual([{ host: 'localhost', port: '9' }, { host: 'localhost', port: '2' }, { host: 'h', port: '3' }])
  expect((await server.ask(`DELETE ${at('v2', 'b')}`)).status).toBe(200)
})

test('whole numbers go to a webhook and come back with all their digits', async () => {
  convert = (object, apiVersion) => ({ ...object, spec: { id: (spec(object)['id'] as bigint) + (apiVersion.endsWith('/v2') ? 2n : -2n) } })
  const { port } = hook.address() as AddressInfo
  const at = await define('longs', 'Long', `https://127.0.0.1:${port}/convert`)
  await server.ask(`POST ${at('v1')}`, { apiVersion: 'longs.example.com/v1', kind: 'Long', metadata: { name: 'a' }, spec: { id: 2n ** 53n + 1n } })
  await server.ask(`POST ${at('v2')}`, { apiVersion: 'longs.example.com/v2', kind: 'Long', metadata: { name: 'b' }, spec: { id: 2n ** 62n + 3n } })
  for (const [version, name, id] of [['v1', 'a', 2n ** 53n + 1n], ['v2', 'a', 2n ** 53n + 3n], ['v1', 'b', 2n ** 62n + 1n], ['v2', 'b', 2n ** 62n + 3n]] as const) {
    expect((await server.sendBytes(`GET ${at(version, name)}`, new Uint8Array(), {})).text).toContain(`"spec":{"id":${id}}`)
    expect((await server.sendBytes(`GET ${at(version)}`, new Uint8Array(), {})).text).toContain(`"spec":{"id":${id}}`)
  }
  convert = (object) => object
})

test('what a webhook says against it is the answer', async () => {
  const { port } = hook.address() as AddressInfo
  const at = await define('refused', 'Refused', `https://127.0.0.1:${port}/convert`)
  await server.ask(`POST ${at('v1')}`, { apiVersion: 'refused.example.com/v1', kind: 'Refused', metadata: { name: 'a' } })
  result = { status: 'Failure', message: 'no way' }
  const { status, body } = await server.ask(`GET ${at('v2', 'a')}`)
  result = { status: 'Success' }
  expect([status, body['message']]).toEqual([500, 'conversion webhook for refused.example.com/v1, Kind=Refused failed: no way'])
  convert = (object) => ({ ...object, kind: 'Other' })
  expect((await server.ask(`GET ${at('v2', 'a')}`)).body['message']).toBe('conversion webhook for refused.example.com/v1, Kind=Refused returned invalid object at index 0: invalid kind (expected Refused, received Other)')
  convert = (object, apiVersion) => ({ ...object, apiVersion, kind: 'Refused', metadata: { ...(object['metadata'] as JsonObject), name: 'b' } })
  expect((await server.ask(`GET ${at('v2', 'a')}`)).body['message']).toBe('conversion webhook for refused.example.com/v1, Kind=Refused returned invalid object: must have the same name: a != b')
})

test('a webhook that does not answer is told with its address; what is stored as asked for needs none', async () => {
  const at = await define('lost', 'Lost', 'https://127.0.0.1:1/convert')
  expect((await server.ask(`POST ${at('v1')}`, { apiVersion: 'lost.example.com/v1', kind: 'Lost', metadata: { name: 'x' } })).status).toBe(201)
  expect((await server.ask(`GET ${at('v1', 'x')}`)).status).toBe(200)
  const failed = (version: string): string => `conversion webhook for lost.example.com/${version}, Kind=Lost failed: Post "https://127.0.0.1:1/convert?timeout=30s": dial tcp 127.0.0.1:1: connect: connection refused`
  expect((await server.ask(`GET ${at('v2', 'x')}`)).body['message']).toBe(failed('v1'))
  expect((await server.ask(`GET ${at('v2')}`)).body['message']).toBe(failed('v1'))
  expect((await server.ask(`POST ${at('v2')}`, { apiVersion: 'lost.example.com/v2', kind: 'Lost', metadata: { name: 'y' } })).body['message']).toBe(failed('v2'))
  expect((await server.ask(`DELETE ${at('v2', 'none')}`)).status).toBe(404)
})

const labelsOf = (object: Json | undefined): Json | undefined => (isJsonObject(object) && isJsonObject(object['metadata']) ? object['metadata']['labels'] : undefined)
const url = (): string => `https://127.0.0.1:${(hook.address() as AddressInfo).port}`
const thing = (version: string, metadata: JsonObject, more: JsonObject = {}): JsonObject => ({ apiVersion: version, kind: 'Thing', metadata, spec: more })
const mark = (as: string) => (object: JsonObject, apiVersion: string): JsonObject => ({ ...object, spec: { ...spec(object), [apiVersion.endsWith('/v2') ? 'shown' : 'stored']: as } })

test('a name is drawn once, and admission is asked once, in whatever version an object is made or changed', async () => {
  convert = (object) => object
  const at = await define('named', 'Thing', `${url()}/convert`)
  const rules = [{ apiGroups: ['named.example.com'], apiVersions: ['v2'], resources: ['named'], operations: ['CREATE', 'UPDATE'] }]
  const configured = await server.ask('POST /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration', metadata: { name: 'named' }, webhooks: [{ name: 'one.example.com', admissionReviewVersions: ['v1'], sideEffects: 'None', clientConfig: { url: `${url()}/admit`, caBundle }, rules }] })
  expect(configured.status, JSON.stringify(configured.body)).toBe(201)
  // From now on the cache knows of it.
  await server.ask('GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations')
  const made = await server.ask(`POST ${at('v2')}`, thing('named.example.com/v2', { generateName: 'some-' }))
  expect([made.status, labelsOf(made.body), admitted], JSON.stringify(made.body)).toEqual([201, { admitted: '1' }, 1])
  const { name } = made.body['metadata'] as { readonly name: string }
  const changed = await server.ask(`PATCH ${at('v2', name)}`, { spec: { a: 1 } }, MERGE)
  expect([changed.status, labelsOf(changed.body), admitted]).toEqual([200, { admitted: '2' }, 2])
  expect(labelsOf((await server.ask(`GET ${at('v1', name)}`)).body)).toEqual({ admitted: '2' })
})

test('a webhook that was mended is asked again, by reads and by writes', async () => {
  convert = mark('wrong')
  const at = await define('mended', 'Thing', `${url()}/convert`)
  await server.ask(`POST ${at('v2')}`, thing('mended.example.com/v2', { name: 'a' }))
  expect(spec((await server.ask(`GET ${at('v2', 'a')}`)).body)).toEqual({ stored: 'wrong', shown: 'wrong' })
  convert = mark('right')
  expect(spec((await server.ask(`GET ${at('v2', 'a')}`)).body)).toEqual({ stored: 'wrong', shown: 'right' })
  const { body } = await server.ask(`GET ${at('v1', 'a')}`)
  await server.ask(`DELETE ${at('v1', 'a')}`)
  await server.ask(`POST ${at('v2')}`, thing('mended.example.com/v2', { name: 'a' }))
  expect([spec(body), spec((await server.ask(`GET ${at('v1', 'a')}`)).body)]).toEqual([{ stored: 'wrong' }, { stored: 'right' }])
})

test('a page asks for what it holds and for nothing else, in one review, from the cache and from the storage', async () => {
  convert = (object) => object
  const at = await define('paged', 'Thing', `${url()}/convert`)
  const names = Array.from({ length: 40 }, (_, index) => `n${index + 10}`)
  for (const name of names) await server.ask(`POST ${at('v1')}`, thing('paged.example.com/v1', { name }))
  const then = ((await server.ask(`GET ${at('v1')}`)).body['metadata'] as { readonly resourceVersion: string }).resourceVersion
  for (const name of names) await server.ask(`PATCH ${at('v1', name)}`, { spec: { later: true } }, MERGE)
  reviewed = []
  expect((await server.ask(`GET ${at('v2')}?limit=5`)).body['items']).toHaveLength(5)
  expect(reviewed).toEqual([5])
  reviewed = []
  const old = await server.ask(`GET ${at('v2')}?limit=36&resourceVersion=${then}&resourceVersionMatch=Exact`)
  expect([old.status, (old.body['items'] as readonly Json[]).map(spec)]).toEqual([200, Array.from({ length: 36 }, () => ({}))])
  expect(reviewed).toEqual([36])
})

test('a watch shows changes in its version, and what leaves its view as it was', async () => {
  convert = mark('now')
  const at = await define('watched', 'Thing', `${url()}/convert`)
  const made = await server.ask(`POST ${at('v1')}`, thing('watched.example.com/v1', { name: 'a', labels: { on: 'yes' } }))
  const { resourceVersion } = made.body['metadata'] as { readonly resourceVersion: string }
  await server.ask(`PATCH ${at('v1', 'a')}`, { spec: { more: 1 } }, MERGE)
  await server.ask(`PATCH ${at('v1', 'a')}`, { metadata: { labels: { on: 'no' } } }, MERGE)
  const all = await server.events(`GET ${at('v2')}?watch=true&resourceVersion=${resourceVersion}`, 2)
  expect(all.map(({ type, object }) => [type, spec(object), labelsOf(object)])).toEqual([['MODIFIED', { more: 1, shown: 'now' }, { on: 'yes' }], ['MODIFIED', { more: 1, shown: 'now' }, { on: 'no' }]])
  const some = await server.events(`GET ${at('v2')}?watch=true&resourceVersion=${resourceVersion}&labelSelector=on=yes`, 2)
  expect(some.map(({ type, object }) => [type, (object as JsonObject)['apiVersion'], spec(object), labelsOf(object)])).toEqual([
    ['MODIFIED', 'watched.example.com/v2', { more: 1, shown: 'now' }, { on: 'yes' }],
    ['DELETED', 'watched.example.com/v2', { more: 1, shown: 'now' }, { on: 'yes' }],
  ])
})

test('a policy gets its params in the version that it names', async () => {
  convert = mark('now')
  const at = await define('params', 'Thing', `${url()}/convert`)
  await server.ask(`POST ${at('v1')}`, thing('params.example.com/v1', { name: 'a' }))
  const registration = '/apis/admissionregistration.k8s.io/v1'
  const made = (kind: string, more: JsonObject): JsonObject => ({ apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name: 'params' }, spec: more })
  const matchConstraints = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'] }] }
  const policy = made('ValidatingAdmissionPolicy', { paramKind: { apiVersion: 'params.example.com/v2', kind: 'Thing' }, matchConstraints, validations: [{ expression: "params.apiVersion != 'params.example.com/v2'", messageExpression: "'seen ' + params.spec.shown" }] })
  expect((await server.ask(`POST ${registration}/validatingadmissionpolicies`, policy)).status).toBe(201)
  expect((await server.ask(`POST ${registration}/validatingadmissionpolicybindings`, made('ValidatingAdmissionPolicyBinding', { policyName: 'params', paramRef: { name: 'a', parameterNotFoundAction: 'Deny' }, validationActions: ['Deny'] }))).status).toBe(201)
  // From now on the caches know of them.
  for (const list of [at('v1'), `${registration}/validatingadmissionpolicies`, `${registration}/validatingadmissionpolicybindings`]) await server.ask(`GET ${list}`)
  const refused = await server.ask('POST /api/v1/namespaces/x/configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } })
  expect([refused.status, refused.body['message']]).toEqual([422, expect.stringContaining('seen now')])
})
