import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { createAuthority, issueCertificate } from '../../shared/kit/pki.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import { isJsonObject, type Json, type JsonObject } from '../../shared/model/json.ts'
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

beforeAll(async () => {
  server = await startTestServer()
  const { client } = server
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
      asked++
      const { request: review, apiVersion } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { readonly apiVersion: string; readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly JsonObject[] } }
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

const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }

async function define(plural: string, kind: string, url: string): Promise<(version: string, name?: string) => string> {
  const group = `${plural}.example.com`
  const versions = ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === 'v1', schema }))
  const conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: { url, caBundle } } }
  const made = await server.ask('POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions', { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.${group}` }, spec: { group, scope: 'Namespaced', names: { plural, kind }, versions, conversion } })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  const path = (version: string, name = ''): string => `/apis/${group}/${version}/namespaces/x/${plural}${name && `/${name}`}`
  for (let tries = 0; tries < 500 && (await server.ask(`GET ${path('v1')}`)).status !== 200; tries++) await new Promise((resolve) => setTimeout(resolve, 10))
  return path
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

test('what a webhook says against it is the answer', async () => {
  const { port } = hook.address() as AddressInfo
  const at = await define('refused', 'Refused', `https://127.0.0.1:${port}/convert`)
  await server.ask(`POST ${at('v1')}`, { apiVersion: 'refused.example.com/v1', kind: 'Refused', metadata: { name: 'a' } })
  result = { status: 'Failure', message: 'no way' }
  const { status, body } = await server.ask(`GET ${at('v2', 'a')}`)
  result = { status: 'Success' }
  expect([status, body['message']]).toEqual([500, 'conversion webhook for refused.example.com/v1, Kind=Refused failed: no way'])
  convert = (object) => ({ ...object, kind: 'Other' })
  expect((await server.ask(`GET ${at('v2', 'a')}`)).body['message']).toBe('conversion webhook for refused.example.com/v1, Kind=Refused returned invalid converted object: invalid kind (expected Refused, received Other)')
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
