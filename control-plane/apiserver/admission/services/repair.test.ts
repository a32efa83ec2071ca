import { afterAll, beforeAll, expect, test } from 'vitest'
import { services } from '../../../../shared/model/resources.ts'
import { createTurns } from '../../../../shared/kit/turns.ts'
import type { Clock } from '../../../../shared/kit/clock.ts'
import { seededRandom } from '../../../../shared/kit/random.ts'
import { startTestServer, type TestServer } from '../../core/testing.ts'
import { repairOnce } from './repair.ts'
import { ipKey, ipRecord, portKey } from './reservations.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

test('what nobody holds any more is free again, what a service holds is kept for it', async () => {
  const made = await server.client.create(services, { metadata: { name: 's', namespace: 'x' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } } as never)
  const [ip, port] = [made.spec?.clusterIP ?? '', made.spec?.ports?.[0]?.nodePort ?? 0]
  const anHourOn: Clock = { nowMs: () => Date.now() + 3_600_000, monotonicMs: () => 0, after: () => () => {} }
  const sources = { storage: server.storage, resources: server.api.core.resources, clock: anHourOn, random: seededRandom(1), turns: createTurns({ clock: anHourOn }) }
  const lost = ipRecord({ ...sources, clock: server.api.core.clock }, '10.96.9.9', { namespace: 'x', name: 'gone' })
  await server.storage.write({ kind: 'put', key: ipKey('10.96.9.9'), value: JSON.stringify(lost), expect: { kind: 'any' } })
  await server.storage.write({ kind: 'delete', key: portKey(port), expect: { kind: 'any' } })
  await repairOnce(sources, { signal: new AbortController().signal })
  expect(await server.storage.get(ipKey('10.96.9.9'))).toBeUndefined()
  expect(await server.storage.get(ipKey(ip))).toBeDefined()
  expect(await server.storage.get(portKey(port))).toBeDefined()
})
