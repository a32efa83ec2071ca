/** An etcd that hangs or is away: who asks is told in time and in words, and it is said whether a write may have happened. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../../control-plane/apiserver/core/testing.ts'
import type { Storage } from '../../control-plane/storage/port.ts'
import { createEtcdStorage } from '../../control-plane/storage/etcd.ts'
import { createWatchCache } from '../../control-plane/storage/storage.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import { startEtcd, type TestEtcd } from './etcd.ts'
import { linkTo } from './link.ts'

const CALL_MS = 500
/** What a host with other things to do may take longer; whatever waits for etcd itself waits for ever. */
const BUSY_HOST_MS = 20_000
let etcd: TestEtcd
let storage: Storage
let server: TestServer
beforeAll(async () => {
  etcd = await startEtcd()
  storage = createEtcdStorage({ endpoints: [etcd.endpoint], callMs: CALL_MS })
  server = await startTestServer(storage)
})
afterAll(async () => {
  server.stop()
  etcd.resume()
  await storage[Symbol.asyncDispose]()
  await etcd[Symbol.asyncDispose]()
})

const path = '/api/v1/namespaces/x/configmaps'
const map = (name: string): JsonObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
const text = (body: JsonObject): string => String(body['message'])

/** An answer that took too long on a busy host is asked for again. */
async function settledStatus(line: string): Promise<number> {
  for (const endMs = performance.now() + 60_000; ; ) {
    const { status } = await server.ask(line)
    if ((status !== 503 && status !== 504) || performance.now() > endMs) return status
  }
}

test('while etcd hangs each of a thousand requests ends in time; reads may be asked again, writes must be looked for first', async () => {
  await server.ask(`POST ${path}`, map('before'))
  etcd.pause()
  const started = performance.now()
  const [reads, lists, writes] = await Promise.all([
    Promise.all(Array.from({ length: 300 }, () => server.ask(`GET ${path}/before`))),
    Promise.all(Array.from({ length: 300 }, () => server.ask(`GET ${path}`))),
    Promise.all(Array.from({ length: 400 }, (_, index) => server.ask(`POST ${path}`, map(`while-${index}`)))),
  ])
  const tookMs = performance.now() - started
  etcd.resume()
  expect(tookMs).toBeLessThan(CALL_MS * 2 + BUSY_HOST_MS)
  for (const { status, body } of [...reads, ...lists]) {
    expect([503, 504]).toContain(status)
    expect(body['details']).toMatchObject({ retryAfterSeconds: 1 })
  }
  for (const { status, body } of writes) {
    expect([503, 504]).toContain(status)
    expect(text(body).includes('may or may not have happened')).toBe(status === 504)
    expect((body['details'] as JsonObject)['retryAfterSeconds']).toBe(status === 503 ? 1 : undefined)
  }
  for (const { body } of [...reads, ...lists, ...writes]) expect(text(body)).not.toMatch(/grpc|DEADLINE|UNAVAILABLE|rpc error/i)
})

test('what was told to have not been sent is not there afterwards, and what was asked afterwards is', async () => {
  etcd.pause()
  const answers = await Promise.all(Array.from({ length: 50 }, async (_, index) => ({ name: `later-${index}`, ...(await server.ask(`POST ${path}`, map(`later-${index}`))) })))
  etcd.resume()
  await expect.poll(async () => (await server.ask(`POST ${path}`, map('after'))).status, { timeout: 60_000 }).toSatisfy((status) => status === 201 || status === 409)
  for (const { name, status } of answers) if (status === 503) expect(await settledStatus(`GET ${path}/${name}`)).toBe(404)
})

test('while etcd is away requests are refused at once, in words', async () => {
  await etcd.kill()
  const started = performance.now()
  await server.ask(`POST ${path}`, map('cut'))
  let { status, body } = await server.ask(`POST ${path}`, map('away'))
  // A host that does nothing else for so long has used up the time of the call.
  for (let tries = 0; status === 504 && tries < 20; tries++) ({ status, body } = await server.ask(`POST ${path}`, map('away')))
  const tookMs = performance.now() - started
  await etcd.start()
  expect(tookMs).toBeLessThan(CALL_MS * 2 + BUSY_HOST_MS)
  expect(status).toBe(503)
  expect(body).toMatchObject({ reason: 'ServiceUnavailable', details: { retryAfterSeconds: 1 } })
  expect(text(body)).toMatch(/^etcd, which keeps all objects, cannot be reached/)
  expect(text(body)).not.toMatch(/grpc|UNAVAILABLE|Resolution note/i)
  await expect.poll(async () => (await server.ask(`POST ${path}`, map('again'))).status, { timeout: 60_000 }).toSatisfy((answered) => answered === 201 || answered === 409)
})

test('a watch whose member of etcd has vanished without a word goes on at another, as soon as it is known to miss something', async () => {
  await using link = await linkTo(etcd.endpoint)
  await using near = createEtcdStorage({ endpoints: [link.endpoint, etcd.endpoint], callMs: CALL_MS })
  const cache = createWatchCache({ storage: near, prefix: '/gantry/core/pods/', clock: systemClock })
  const stop = new AbortController()
  const running = cache.run(stop.signal)
  await cache.whenReady()
  link.freeze()
  const started = performance.now()
  const written = await storage.write({ kind: 'put', key: '/gantry/core/pods/a/b', value: '{}', expect: { kind: 'any' } })
  if (written.kind !== 'committed') throw new Error(written.kind)
  await expect.poll(() => near.currentRevision().then((revision) => cache.waitFor(revision)).then(() => cache.get('/gantry/core/pods/a/b')?.revision, () => undefined), { timeout: 60_000 }).toBe(written.revision)
  expect(performance.now() - started).toBeLessThan(BUSY_HOST_MS)
  stop.abort()
  await running
})
