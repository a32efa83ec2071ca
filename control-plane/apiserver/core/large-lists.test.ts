import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from './testing.ts'

const MANY = 60_000
const LIMIT_S = 8
const times = <T>(item: T): readonly T[] => Array.from({ length: MANY }, () => item)
const numbered = <T>(item: (index: number) => T): readonly T[] => Array.from({ length: MANY }, (_, index) => item(index))
const pod = (spec: object, container: object = {}): object => ({ metadata: { name: 'p' }, spec: { ...spec, containers: [{ name: 'c', image: 'c:1', ...container }] } })
const service = (ports: readonly object[]): object => ({ metadata: { name: 's' }, spec: { type: 'NodePort', ports } })
const keyed = (term: object): object => pod({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 't', labelSelector: {}, ...term }] } } })

let server: TestServer
beforeAll(async () => void (server = await startTestServer()))
afterAll(() => server.stop())

test.each<readonly [string, string, object]>([
  ['one port again and again', 'pods', pod({}, { ports: times({ containerPort: 1 }) })],
  ['one path again and again', 'pods', pod({ volumes: [{ name: 'v', configMap: { name: 'm', items: times({ key: 'k', path: 'a' }) } }] })],
  ['requests of one claim', 'pods', pod({ resourceClaims: [{ name: 'c', resourceClaimName: 'r' }] }, { resources: { claims: numbered((index) => ({ name: 'c', request: `r${index}` })) } })],
  ['keys of labels that match, and of labels that do not', 'pods', keyed({ matchLabelKeys: numbered((index) => `a${index}`), mismatchLabelKeys: numbered((index) => `b${index}`) })],
  ['ports of a service', 'services', service(numbered((index) => ({ name: `p${index}`, port: index + 1 })))],
])('an object with a very long list does not keep the server from its work: %s', async (_, plural, body) => {
  const before = process.cpuUsage()
  const { status } = await server.ask(`POST /api/v1/namespaces/x/${plural}?dryRun=All`, body)
  const { user, system } = process.cpuUsage(before)
  expect(status).toBe(201)
  expect((user + system) / 1e6).toBeLessThan(LIMIT_S)
})

test('a refusal that would fill gigabytes is one all the same: what is too much is left out', async () => {
  const resourceClaims = Array.from({ length: 3000 }, (_, index) => ({ name: `c${index}`, resourceClaimName: 'r' }))
  const { status, body } = await server.ask('POST /api/v1/namespaces/x/pods?dryRun=All', pod({ resourceClaims }, { resources: { claims: numbered((index) => ({ name: `z${index}` })) } }))
  expect([status, (body['details'] as { readonly causes?: readonly unknown[] }).causes?.length]).toEqual([422, expect.any(Number)])
  expect(String(body['message']).length).toBeLessThan(20_000_000)
})
