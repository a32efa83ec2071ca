import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { startTestServer, type TestServer } from '../core/testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const P = 'pod-security.kubernetes.io/'
const poor = { containers: [{ name: 'c', image: 'busybox:1.35' }] }
const privileged = { containers: [{ name: 'c', image: 'busybox:1.35', securityContext: { privileged: true } }] }
const good = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [{ name: 'c', image: 'busybox:1.35', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
}
const LACKS =
  'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'

async function makeNamespace(name: string, demands: Readonly<Record<string, string>>): ReturnType<TestServer['ask']> {
  const labels = Object.fromEntries(Object.entries(demands).map(([key, value]) => [`${P}${key}`, value]))
  const made = await server.ask('POST /api/v1/namespaces', { metadata: { name, labels } })
  if (made.status === 201) await server.ask(`POST /api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } })
  return made
}
const makePod = (namespace: string, name: string, spec: JsonObject): ReturnType<TestServer['ask']> => server.ask(`POST /api/v1/namespaces/${namespace}/pods`, { metadata: { name }, spec })

test('what is more dangerous than its namespace lets is refused, whatever makes it is warned of', async () => {
  await makeNamespace('strict', { enforce: 'restricted', warn: 'restricted' })
  const refused = await makePod('strict', 'p', poor)
  expect(refused.status).toBe(403)
  expect(refused.body['message']).toBe(`pods "p" is forbidden: violates PodSecurity "restricted:latest": ${LACKS}`)
  expect(refused.warnings).toEqual([])
  expect((await makePod('strict', 'p', good)).status).toBe(201)

  const template = { metadata: { labels: { a: 'b' } }, spec: poor }
  const deployment = await server.ask('POST /apis/apps/v1/namespaces/strict/deployments', { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } })
  expect(deployment.status).toBe(201)
  expect(deployment.warnings).toEqual([`would violate PodSecurity "restricted:latest": ${LACKS}`])
  const cron = await server.ask('POST /apis/batch/v1/namespaces/strict/cronjobs', {
    metadata: { name: 'j' },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: { ...poor, restartPolicy: 'Never' } } } } },
  })
  expect(cron.warnings).toEqual([`would violate PodSecurity "restricted:latest": ${LACKS}`])
})

test('what only warns lets a pod be', async () => {
  await makeNamespace('warned', { warn: 'baseline', 'warn-version': 'v1.30' })
  const made = await makePod('warned', 'p', privileged)
  expect(made.status).toBe(201)
  expect(made.warnings).toEqual(['would violate PodSecurity "baseline:v1.30": privileged (container "c" must not set securityContext.privileged=true)'])
})

test('a level that there is not is refused, unless it was there before', async () => {
  const wrong = await makeNamespace('wrong', { enforce: 'strict' })
  expect(wrong.status).toBe(422)
  expect(wrong.body['message']).toBe('Namespace "wrong" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted')
})

test('a namespace that demands more tells which of its pods are too dangerous; they stay and may be changed', async () => {
  await makeNamespace('grown', {})
  await makePod('grown', 'a', poor)
  await makePod('grown', 'b', privileged)
  const namespace = (await server.ask('GET /api/v1/namespaces/grown')).body
  const labels = { ...((namespace['metadata'] as JsonObject)['labels'] as JsonObject), [`${P}enforce`]: 'baseline' }
  const changed = await server.ask('PUT /api/v1/namespaces/grown', { ...namespace, metadata: { ...(namespace['metadata'] as JsonObject), labels } })
  expect(changed.status).toBe(200)
  expect(changed.warnings).toEqual(['existing pods in namespace "grown" violate the new PodSecurity enforce level "baseline:latest"', 'b: privileged'])

  const pod = (await server.ask('GET /api/v1/namespaces/grown/pods/b')).body
  const labelled = { ...pod, metadata: { ...(pod['metadata'] as JsonObject), labels: { a: 'b' } } }
  expect((await server.ask('PUT /api/v1/namespaces/grown/pods/b', labelled)).status).toBe(200)
  const other = { ...labelled, metadata: { ...labelled.metadata, resourceVersion: undefined }, spec: { ...(pod['spec'] as JsonObject), containers: [{ ...((pod['spec'] as JsonObject)['containers'] as readonly JsonObject[])[0], image: 'busybox:1.36' }] } }
  expect((await server.ask('PUT /api/v1/namespaces/grown/pods/b', other)).status).toBe(403)
})
