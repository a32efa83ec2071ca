import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { createAuthority, issueCertificate } from '../../shared/kit/pki.ts'
import type { Json, JsonObject } from '../../shared/model/json.ts'
import { startTestServer, type TestServer } from '../apiserver/core/testing.ts'

const ROOT = '/apis/admissionregistration.k8s.io/v1'
const MAPS = '/api/v1/namespaces/x/configmaps'

let server: TestServer
let hook: Server
let caBundle: string
/** What the webhook answers at each path. */
const answers = new Map<string, (request: JsonObject) => JsonObject>()
const asked: JsonObject[] = []

beforeAll(async () => {
  server = await startTestServer()
  const authority = await createAuthority({ clock: systemClock })
  const { certificatePem, privateKeyPem } = await issueCertificate(authority, { commonName: 'hook', organizations: [], usages: ['server'], dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], clock: systemClock })
  caBundle = Buffer.from(authority.certificatePem).toString('base64')
  hook = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { readonly request: JsonObject }
      asked.push(review.request)
      const answer = answers.get(new URL(request.url ?? '/', 'https://x').pathname)
      if (answer) response.end(JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: review.request['uid'] ?? null, ...answer(review.request) } }))
    })
  })
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  hook.closeAllConnections()
  hook.close()
  server.stop()
})

async function configure(kind: 'Validating' | 'Mutating', name: string, more: object = {}): Promise<void> {
  const { port } = hook.address() as AddressInfo
  const webhook = { name: `${name}.example.com`, admissionReviewVersions: ['v1'], sideEffects: 'None', timeoutSeconds: 1, clientConfig: { url: `https://127.0.0.1:${port}/${name}`, caBundle }, rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['*'] }], objectSelector: { matchLabels: { test: name } }, ...more }
  const made = await server.ask(`POST ${ROOT}/${kind.toLowerCase()}webhookconfigurations`, { metadata: { name }, webhooks: [webhook] })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
}

const map = (test: string, name = `${test}-map`): object => ({ metadata: { name, labels: { test } }, data: { a: '1' } })
const patch = (operations: Json): JsonObject => ({ allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') })

async function until(line: string, body: object, isDone: (answer: Awaited<ReturnType<TestServer['ask']>>) => boolean): ReturnType<TestServer['ask']> {
  for (let tries = 0; ; tries++) {
    const answer = await server.ask(line, body)
    if (isDone(answer) || tries === 3_000) return answer
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('a refusal has the words and the code of the webhook', async () => {
  answers.set('/deny', () => ({ allowed: false, status: { code: 418, reason: 'Teapot', message: 'no coffee' } }))
  await configure('Validating', 'deny')
  const { status, body } = await until(`POST ${MAPS}?dryRun=All`, map('deny'), (answer) => answer.status !== 201)
  expect([status, body['reason'], body['message']]).toEqual([418, 'Teapot', 'admission webhook "deny.example.com" denied the request: no coffee'])
  const { uid: _uid, object, ...told } = asked.at(-1) ?? {}
  expect(object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', ...map('deny') })
  expect(told).toMatchObject({ kind: { group: '', version: 'v1', kind: 'ConfigMap' }, resource: { group: '', version: 'v1', resource: 'configmaps' }, name: 'deny-map', namespace: 'x', operation: 'CREATE', oldObject: null, dryRun: true, options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', dryRun: ['All'] } })
  expect((await server.ask(`POST ${MAPS}`, map('other'))).status).toBe(201)
})

test.each(['Validating', 'Mutating'] as const)('a deletion may be refused: %s', async (kind) => {
  answers.set('/keep', ({ operation }) => ({ allowed: operation !== 'DELETE' }))
  await server.ask(`DELETE ${ROOT}/validatingwebhookconfigurations/keep`)
  await configure(kind, 'keep')
  expect([201, 409]).toContain((await server.ask(`POST ${MAPS}`, map('keep'))).status)
  const { status, body } = await until(`DELETE ${MAPS}/keep-map?dryRun=All`, {}, (answer) => answer.status !== 200)
  expect([status, body['message']]).toEqual([400, 'admission webhook "keep.example.com" denied the request without explanation'])
  expect(asked.at(-1)).toMatchObject({ operation: 'DELETE', object: null, oldObject: { metadata: { name: 'keep-map' } } })
})

test('a patch is carried out, and one that wishes so is asked again about what came after it', async () => {
  answers.set('/first', ({ object }) => patch([{ op: 'add', path: '/data/first', value: String(Object.keys((object as { readonly data: object }).data).length) }]))
  answers.set('/second', () => patch([{ op: 'add', path: '/data/second', value: 'x' }]))
  const both = { objectSelector: { matchLabels: { test: 'patch' } } }
  await configure('Mutating', 'first', { ...both, reinvocationPolicy: 'IfNeeded' })
  await configure('Mutating', 'second', both)
  const { status, body } = await until(`POST ${MAPS}?dryRun=All`, map('patch'), (answer) => (answer.body['data'] as JsonObject | undefined)?.['second'] !== undefined)
  expect([status, body['data']]).toEqual([201, { a: '1', first: '3', second: 'x' }])
})

test('what a patch makes is read as a body is: wrong types are refused whatever is done with failures, unknown fields go', async () => {
  answers.set('/typed', () => patch([{ op: 'add', path: '/metadata/labels/x', value: 1 }]))
  answers.set('/unknown', () => patch([{ op: 'add', path: '/dta', value: 'x' }, { op: 'add', path: '/data/b', value: '2' }]))
  await configure('Mutating', 'typed', { failurePolicy: 'Ignore' })
  await configure('Mutating', 'unknown')
  const refused = await until(`POST ${MAPS}?dryRun=All`, map('typed'), (answer) => answer.status !== 201)
  expect(refused.body).toMatchObject({ code: 500, reason: 'InternalError', message: 'Internal error occurred: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string' })
  const { body } = await until(`POST ${MAPS}?dryRun=All`, map('unknown'), (answer) => (answer.body['data'] as JsonObject | undefined)?.['b'] !== undefined)
  expect([body['data'], Object.keys(body)]).toEqual([{ a: '1', b: '2' }, expect.not.arrayContaining(['dta'])])
})

test('one that does not answer in time is a 500, or nothing where failures are ignored', async () => {
  await configure('Validating', 'slow')
  await configure('Validating', 'slow-ignored', { failurePolicy: 'Ignore' })
  const { status, body } = await until(`POST ${MAPS}?dryRun=All`, map('slow'), (answer) => answer.status !== 201)
  const { port } = hook.address() as AddressInfo
  expect([status, body['message']]).toEqual([500, `Internal error occurred: failed calling webhook "slow.example.com": failed to call webhook: Post "https://127.0.0.1:${port}/slow?timeout=1s": context deadline exceeded`])
  expect((await server.ask(`POST ${MAPS}?dryRun=All`, map('slow-ignored'))).status).toBe(201)
})

test('a certificate of strangers is not trusted', async () => {
  const { port } = hook.address() as AddressInfo
  answers.set('/stranger', () => ({ allowed: true }))
  await configure('Validating', 'stranger', { clientConfig: { url: `https://127.0.0.1:${port}/stranger` } })
  const { body } = await until(`POST ${MAPS}?dryRun=All`, map('stranger'), (answer) => answer.status !== 201)
  expect(body['message']).toContain('tls: failed to verify certificate: x509: certificate signed by unknown authority')
})

test('a service that is not there is named', async () => {
  await configure('Mutating', 'service', { clientConfig: { service: { namespace: 'x', name: 'gone', path: '/p' } } })
  const { body } = await until(`POST ${MAPS}?dryRun=All`, map('service'), (answer) => answer.status !== 201)
  expect(body['message']).toBe('Internal error occurred: failed calling webhook "service.example.com": failed to call webhook: Post "https://gone.x.svc:443/p?timeout=1s": service "gone" not found')
})

test('who cannot tell whether it is concerned refuses before anybody is asked: no refusal is left that nobody waits for', async () => {
  const unheard: unknown[] = []
  const hear = (reason: unknown): void => void unheard.push(reason)
  process.on('unhandledRejection', hear)
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['*'] }]
  const common = { admissionReviewVersions: ['v1'], sideEffects: 'None', clientConfig: { service: { namespace: 'x', name: 'gone' } }, rules, objectSelector: { matchLabels: { test: 'unsure' } } }
  const webhooks = [{ ...common, name: 'first.example.com' }, { ...common, name: 'unsure.example.com', matchConditions: [{ name: 'c', expression: 'object.data.none == "1"' }] }]
  const made = await server.ask(`POST ${ROOT}/validatingwebhookconfigurations`, { metadata: { name: 'unsure' }, webhooks })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  const { status, body } = await until(`POST ${MAPS}?dryRun=All`, map('unsure'), (answer) => answer.status !== 201)
  // A refusal that nobody waits for is told of when the turn ends in which it came.
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', hear)
  expect([status, body['message']]).toEqual([403, expect.stringContaining("expression 'object.data.none == \"1\"' resulted in error: no such key: none")])
  expect(unheard).toEqual([])
})

test('what a webhook adds to a role is held against who writes it', async () => {
  answers.set('/grant', () => patch([{ op: 'add', path: '/rules/-', value: { apiGroups: ['*'], resources: ['*'], verbs: ['*'] } }]))
  await configure('Mutating', 'grant', { rules: [{ apiGroups: ['rbac.authorization.k8s.io'], apiVersions: ['v1'], resources: ['roles'], operations: ['*'] }] })
  const ROLES = '/apis/rbac.authorization.k8s.io/v1/namespaces/x'
  const rules = [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['create'] }]
  await server.ask(`POST ${ROLES}/roles`, { metadata: { name: 'writer' }, rules })
  await server.ask(`POST ${ROLES}/rolebindings`, { metadata: { name: 'writer' }, roleRef: { kind: 'Role', name: 'writer' }, subjects: [{ kind: 'User', name: 'writer' }] })
  const role = { metadata: { name: 'more', labels: { test: 'grant' } }, rules }
  await until(`POST ${ROLES}/roles?dryRun=All`, role, (answer) => (answer.body['rules'] as readonly Json[] | undefined)?.length === 2)
  const writer = { name: 'writer', uid: '', groups: ['system:authenticated'], extra: {} }
  await expect.poll(async () => (await server.askAs(writer, `POST ${ROLES}/roles?dryRun=All`, { ...role, metadata: { name: 'less' } })).status).toBe(201)
  const { status, body } = await server.askAs(writer, `POST ${ROLES}/roles?dryRun=All`, role)
  expect([status, body['message']]).toEqual([403, expect.stringContaining('attempting to grant RBAC permissions not currently held')])
})

test('authorities that cannot be read are trusted by nobody, and say so', async () => {
  await configure('Validating', 'garbled', { clientConfig: { url: 'https://127.0.0.1:1/garbled', caBundle: 'eA==' } })
  const answer = await until(`POST ${MAPS}?dryRun=All`, map('garbled'), ({ status }) => status !== 201)
  expect(answer).toMatchObject({ status: 500, body: { message: 'Internal error occurred: failed calling webhook "garbled.example.com": could not get REST client: unable to load root certificates: unable to parse bytes as PEM block' } })
  await configure('Validating', 'garbled-passed', { failurePolicy: 'Ignore', clientConfig: { url: 'https://127.0.0.1:1/garbled', caBundle: 'eA==' } })
  expect(await server.ask(`POST ${MAPS}?dryRun=All`, map('garbled-passed'))).toMatchObject({ status: 201 })
})
