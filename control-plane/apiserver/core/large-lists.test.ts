import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from './testing.ts'

const MANY = 60_000
const LIMIT_S = 8
const times = <T>(item: T): readonly T[] => Array.from({ length: MANY }, () => item)
const pod = (spec: object, container: object = {}): object => ({ metadata: { name: 'p' }, spec: { ...spec, containers: [{ name: 'c', image: 'c:1', ...container }] } })

let server: TestServer
beforeAll(async () => void (server = await startTestServer()))
afterAll(() => server.stop())

test.each<readonly [string, object]>([
  ['one port again and again', pod({}, { ports: times({ containerPort: 1 }) })],
  ['one path again and again', pod({ volumes: [{ name: 'v', configMap: { name: 'm', items: times({ key: 'k', path: 'a' }) } }] })],
])('a pod with a very long list does not keep the server from its work: %s', async (_, body) => {
  const before = process.cpuUsage()
  const { status } = await server.ask('POST /api/v1/namespaces/x/pods?dryRun=All', body)
  const { user, system } = process.cpuUsage(before)
  expect(status).toBe(201)
  expect((user + system) / 1e6).toBeLessThan(LIMIT_S)
})
