import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { PodDisruptionBudget } from '../../../shared/model/gen/api.ts'
import { podDisruptionBudgets, pods } from '../../../shared/model/resources.ts'
import { startTestServer, type TestServer } from '../core/testing.ts'

let server: TestServer
let round = 0
beforeAll(async () => void (server = await startTestServer()))
beforeEach(() => void round++)
afterAll(() => server.stop())

const label = (): Readonly<Record<string, string>> => ({ app: `web-${round}` })
const evict = (name: string) => server.ask(`POST /api/v1/namespaces/x/pods/${name}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } })

async function runningPod(name: string, ready = true): Promise<string> {
  const full = `${name}-${round}`
  await server.client.create(pods, { metadata: { name: full, namespace: 'x', labels: label() }, spec: { containers: [{ name: 'app', image: 'busybox' }] } })
  await server.client.patch(pods, { namespace: 'x', name: full }, { type: 'merge', subresource: 'status', body: { status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] } } })
  return full
}

async function budget(name: string, status: PodDisruptionBudget['status'], spec: PodDisruptionBudget['spec'] = {}): Promise<void> {
  await server.client.create(podDisruptionBudgets, { metadata: { name: `${name}-${round}`, namespace: 'x' }, spec: { minAvailable: 1, selector: { matchLabels: label() }, ...spec } })
  await server.client.patch(podDisruptionBudgets, { namespace: 'x', name: `${name}-${round}` }, { type: 'merge', subresource: 'status', body: { status: { observedGeneration: 1, ...status } } as never })
}

test('of evictions that come at once only as many pass as the budget allows', async () => {
  const names = await Promise.all(Array.from({ length: 12 }, (_, index) => runningPod(`p${index}`)))
  await budget('b', { disruptionsAllowed: 3, currentHealthy: 12, desiredHealthy: 9, expectedPods: 12 })
  const answers = await Promise.all(names.map(evict))
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 201, 201, ...Array.from({ length: 9 }, () => 429)])
  const { status } = await server.client.get(podDisruptionBudgets, { namespace: 'x', name: `b-${round}` })
  expect([status?.disruptionsAllowed, Object.keys(status?.disruptedPods ?? {}).length]).toEqual([0, 3])
})

test('a budget that was not looked at since it changed lets nobody go, and says when to ask again', async () => {
  const name = await runningPod('p')
  await budget('b', { observedGeneration: 0, disruptionsAllowed: 5 })
  const { status, body } = await evict(name)
  expect([status, body['details']]).toEqual([429, { causes: [{ reason: 'DisruptionBudget', message: `The disruption budget b-${round} is still being processed by the server.` }], retryAfterSeconds: 10 }])
})

test('two budgets that count one pod are a mistake', async () => {
  const name = await runningPod('p')
  for (const one of ['b', 'c']) await budget(one, { disruptionsAllowed: 5 })
  expect((await evict(name)).status).toBe(500)
})

test('a pod that is not ready goes by the word of its budget, and takes nothing from it', async () => {
  const name = await runningPod('p', false)
  await budget('b', { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 1 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' })
  expect((await evict(name)).status).toBe(201)
  expect((await server.client.get(podDisruptionBudgets, { namespace: 'x', name: `b-${round}` })).status?.disruptedPods).toBeUndefined()
})

test.each([true, false])('a pod on a node is told why it goes, whatever is said of the state it must be in (ready: %s)', async (ready) => {
  const at = { namespace: 'x', name: `n-${round}` }
  await server.client.create(pods, { metadata: { ...at, labels: label() }, spec: { nodeName: 'n', containers: [{ name: 'app', image: 'busybox' }] } })
  const { metadata } = await server.client.patch(pods, at, { type: 'merge', subresource: 'status', body: { status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] } } })
  if (!ready) await budget('b', { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 1 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' })
  const evicted = (preconditions: object) => server.ask(`POST /api/v1/namespaces/x/pods/${at.name}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: at.name }, deleteOptions: { preconditions } })
  expect((await evicted({ resourceVersion: '1' })).status).toBe(409)
  const { status } = await server.client.get(pods, at)
  expect(status?.conditions?.map(({ type }) => type)).toEqual(['Ready'])
  expect((await evicted(ready ? { uid: metadata.uid, resourceVersion: metadata.resourceVersion } : {})).status).toBe(201)
  const going = await server.client.get(pods, at)
  expect(going.metadata.deletionTimestamp).toBeDefined()
  expect(going.status?.conditions?.map(({ type, reason }) => [type, reason])).toEqual([['Ready', undefined], ['DisruptionTarget', 'EvictionByEvictionAPI']])
})

test('a trial run asks the budget and takes nothing', async () => {
  const name = await runningPod('p')
  await budget('b', { disruptionsAllowed: 1 })
  const { status } = await server.ask(`POST /api/v1/namespaces/x/pods/${name}/eviction?dryRun=All`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } })
  expect(status).toBe(201)
  expect((await server.client.get(podDisruptionBudgets, { namespace: 'x', name: `b-${round}` })).status?.disruptionsAllowed).toBe(1)
})

const ADMISSION = '/apis/admissionregistration.k8s.io/v1'

/** Something of the user's own that lets nothing be done to the pods of this round. */
async function forbidAll(plural: string): Promise<void> {
  const name = `none-${round}`
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: plural === 'mutatingadmissionpolicies' ? ['UPDATE'] : ['UPDATE', 'DELETE'], resources: ['pods', 'pods/status'] }
  const objectSelector = { matchLabels: label() }
  const matchConstraints = { resourceRules: [rule], objectSelector }
  const mutations = [{ patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "add", path: "/none/none", value: "1"}]' } }]
  const webhooks = [{ name: `${name}.example.com`, admissionReviewVersions: ['v1'], sideEffects: 'None', clientConfig: { service: { namespace: 'x', name: 'gone' } }, rules: [rule], objectSelector }]
  const isPolicy = plural.endsWith('policies')
  const isMutating = plural.startsWith('mutating')
  const spec = { matchConstraints, ...(isMutating ? { reinvocationPolicy: 'Never', mutations } : { validations: [{ expression: 'false' }] }) }
  const made = [await server.ask(`POST ${ADMISSION}/${plural}`, { metadata: { name }, ...(isPolicy ? { spec } : { webhooks }) })]
  if (isPolicy) made.push(await server.ask(`POST ${ADMISSION}/${plural.replace('policies', 'policybindings')}`, { metadata: { name }, spec: { policyName: name, ...(!isMutating && { validationActions: ['Deny'] }) } }))
  expect(made.map(({ status }) => status), JSON.stringify(made)).toEqual(made.map(() => 201))
}

test.each([
  ['validatingadmissionpolicies', true],
  ['mutatingadmissionpolicies', true],
  ['validatingwebhookconfigurations', true],
  ['mutatingwebhookconfigurations', true],
  ['validatingadmissionpolicies', false],
] as const)('%s are asked about the eviction, not about what it does to the pod (ready: %s)', async (plural, ready) => {
  const name = await runningPod('p', ready)
  if (!ready) await budget('b', { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 1 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' })
  await forbidAll(plural)
  const change = () => server.ask(`PATCH /api/v1/namespaces/x/pods/${name}/status?dryRun=All`, { status: { message: 'm' } }, { 'content-type': 'application/merge-patch+json' })
  await expect.poll(async () => (await change()).status, { timeout: 30_000 }).toBeGreaterThanOrEqual(400)
  if (!plural.startsWith('mutatingadmission')) expect((await server.ask(`DELETE /api/v1/namespaces/x/pods/${name}`)).status).toBeGreaterThanOrEqual(400)
  const { status, body } = await evict(name)
  expect([status, body['message']]).toEqual([201, undefined])
  expect((await server.ask(`GET /api/v1/namespaces/x/pods/${name}`)).status).toBe(404)
})
