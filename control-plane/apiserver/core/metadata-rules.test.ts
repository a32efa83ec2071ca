import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { startTestServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => void (server = await startTestServer()))
afterAll(() => server.stop())

const merge = { 'content-type': 'application/merge-patch+json' }
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const selector = { matchLabels: { app: 'a' } }
const causesOf = (body: JsonObject): readonly unknown[] => ((body['details'] as { readonly causes?: ReadonlyArray<{ readonly field: string }> } | undefined)?.causes ?? []).map(({ field }) => field)

/** The fields that are named when a label is wrong. */
async function refusal(path: string, subresource = ''): Promise<readonly unknown[]> {
  const { status, body } = await server.ask(`PATCH ${path}${subresource}`, { metadata: { labels: { a: '-' } } }, merge)
  expect(status).toBe(422)
  return causesOf(body)
}

test.each([
  ['apps/v1', 'replicasets', { selector, template }, 4],
  ['apps/v1', 'daemonsets', { selector, template }, 4],
  ['apps/v1', 'deployments', { selector, template }, 3],
  ['apps/v1', 'statefulsets', { selector, template }, 3],
  ['batch/v1', 'cronjobs', { schedule: '* * * * *', jobTemplate: { spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } } } }, 3],
  ['autoscaling/v2', 'horizontalpodautoscalers', { maxReplicas: 1, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } }, 3],
  ['policy/v1', 'poddisruptionbudgets', {}, 2],
] as const)('%s %s: a wrong label is told as often as Kubernetes looks at it', async (version, plural, spec, times) => {
  const path = `/apis/${version}/namespaces/x/${plural}`
  const made = await server.ask(`POST ${path}`, { metadata: { name: 'm' }, spec })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  expect(await refusal(`${path}/m`)).toEqual(Array.from({ length: times }, () => 'metadata.labels'))
})

test('a wrong label of a quota is told three times', async () => {
  expect((await server.ask('POST /api/v1/namespaces/x/resourcequotas', { metadata: { name: 'q' }, spec: { hard: { pods: '9' } } })).status).toBe(201)
  expect(await refusal('/api/v1/namespaces/x/resourcequotas/q')).toEqual(['metadata.labels', 'metadata.labels', 'metadata.labels'])
})

test('of a status only what changed is looked at once more', async () => {
  const path = '/apis/apps/v1/namespaces/x/replicasets'
  expect((await server.ask(`POST ${path}`, { metadata: { name: 's' }, spec: { selector, template } })).status).toBe(201)
  expect(await refusal(`${path}/s`, '/status')).toEqual(['metadata.labels', 'metadata.labels', 'metadata.labels'])
})

test('the metadata of a new budget is looked at once the rest is right', async () => {
  const create = (spec: object) => server.ask('POST /apis/policy/v1/namespaces/x/poddisruptionbudgets', { metadata: { name: 'b', labels: { a: '-' } }, spec })
  expect(causesOf((await create({ minAvailable: -1 })).body)).toEqual(['spec.minAvailable'])
  expect(causesOf((await create({ minAvailable: 1 })).body)).toEqual(['metadata.labels'])
})

test('what is wrong with a replica set is told twice in an update', async () => {
  const path = '/apis/apps/v1/namespaces/x/replicasets'
  expect((await server.ask(`POST ${path}`, { metadata: { name: 't' }, spec: { selector, template } })).status).toBe(201)
  const { body } = await server.ask(`PATCH ${path}/t`, { spec: { replicas: -1, selector: { matchLabels: { b: 'b' } }, template: { metadata: { labels: { b: 'b' } } } } }, merge)
  expect(causesOf(body)).toEqual(['spec.replicas', 'spec.replicas', 'spec.selector'])
})

test('the metadata of a scale is looked at, though nothing of it is kept', async () => {
  const path = '/apis/apps/v1/namespaces/x/replicasets'
  expect((await server.ask(`POST ${path}`, { metadata: { name: 'u' }, spec: { selector, template } })).status).toBe(201)
  const { status, body } = await server.ask(`PATCH ${path}/u/scale`, { metadata: { labels: { a: '-' } }, spec: { replicas: -1 } }, merge)
  expect([status, causesOf(body)]).toEqual([422, ['metadata.labels', 'spec.replicas']])
  expect((await server.ask(`PUT ${path}/u/scale`, { metadata: { name: 'u' }, spec: { replicas: 2 } })).status).toBe(200)
})
