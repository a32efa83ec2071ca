import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { createMemoryStorage } from '../../storage/storage.ts'
import type { TokenOrder } from '../authn/token-signer.ts'
import { startTestServer, type TestServer } from '../core/testing.ts'

const TOKEN = 'POST /api/v1/namespaces/x/serviceaccounts/default/token'
const POLICIES = '/apis/admissionregistration.k8s.io/v1'
const EXPIRES = '2030-01-01T00:00:00Z'

let server: TestServer
const signed: TokenOrder[] = []
beforeAll(async () => {
  const sign = (order: TokenOrder) => (signed.push(order), Promise.resolve({ token: 't', audiences: order.audiences, expiresMs: Date.parse(EXPIRES) }))
  server = await startTestServer(createMemoryStorage(), { tokenSigner: { sign, signForSecret: () => Promise.reject(new Error('none here')) } })
})
afterAll(() => server.stop())

/** A policy that lays the fields over the requests with its label. */
async function change(test: string, fields: string): Promise<void> {
  const matchConstraints = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['serviceaccounts/token'], operations: ['CREATE'] }], objectSelector: { matchLabels: { test } } }
  const mutations = [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: `Object{${fields}}` } }]
  const policy = await server.ask(`POST ${POLICIES}/mutatingadmissionpolicies`, { metadata: { name: test }, spec: { matchConstraints, reinvocationPolicy: 'Never', mutations } })
  const bound = await server.ask(`POST ${POLICIES}/mutatingadmissionpolicybindings`, { metadata: { name: test }, spec: { policyName: test } })
  expect([policy.status, bound.status], JSON.stringify([policy.body, bound.body])).toEqual([201, 201])
}

const request = (test: string): object => ({ metadata: { labels: { test } }, spec: { audiences: ['a'], expirationSeconds: 7200 } })

test('a request that nobody changes is answered as it was made', async () => {
  const { status, body } = await server.ask(TOKEN, request('none'))
  expect(status).toBe(201)
  expect(body).toMatchObject({ kind: 'TokenRequest', metadata: { name: 'default', namespace: 'x', labels: { test: 'none' } }, spec: { audiences: ['a'], expirationSeconds: 7200, boundObjectRef: null }, status: { token: 't', expirationTimestamp: EXPIRES } })
  const { managedFields } = body['metadata'] as { readonly managedFields: readonly JsonObject[] }
  expect(managedFields.map(({ fieldsV1 }) => fieldsV1)).toEqual([{ 'f:metadata': { 'f:labels': { '.': {}, 'f:test': {} } }, 'f:spec': { 'f:audiences': {}, 'f:expirationSeconds': {} } }])
})

test('what a policy makes of a request is what is signed and told', async () => {
  await change('longer', 'spec: Object.spec{expirationSeconds: 9000}')
  const specOf = async (): Promise<unknown> => (await server.ask(TOKEN, request('longer'))).body['spec']
  await expect.poll(async () => ((await specOf()) as JsonObject)['expirationSeconds'], { timeout: 30_000 }).toBe(9000)
  expect(await specOf()).toEqual({ audiences: ['a'], expirationSeconds: 9000, boundObjectRef: null })
  expect(signed.at(-1)).toMatchObject({ audiences: ['a'], expirationSeconds: 9000 })
})

test('a request is judged by what a policy made of it', async () => {
  await change('mended', 'spec: Object.spec{expirationSeconds: 1200}')
  const answer = () => server.ask(TOKEN, { ...request('mended'), spec: { audiences: ['a'], expirationSeconds: 1 } })
  await expect.poll(async () => (await answer()).status, { timeout: 30_000 }).toBe(201)
  expect((await answer()).body['spec']).toMatchObject({ expirationSeconds: 1200 })
})

test.each([
  ['brief', 'spec: Object.spec{expirationSeconds: 1}', 'spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes'],
  ['endless', 'spec: Object.spec{expirationSeconds: 4294967297}', 'spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds'],
  ['renamed', 'metadata: Object.metadata{name: "other"}', 'metadata.name: Invalid value: "other": must match the service account name if specified'],
])('what a policy makes of a request is checked as the request was: %s', async (name, fields, message) => {
  await change(name, fields)
  const refused = async (): Promise<number> => (await server.ask(TOKEN, request(name))).status
  await expect.poll(refused, { timeout: 30_000 }).toBe(422)
  const before = signed.length
  expect((await server.ask(TOKEN, request(name))).body['message']).toContain(message)
  expect(signed).toHaveLength(before)
})
