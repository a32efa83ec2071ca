import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConfigMap } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { configMaps, namespaces } from '../../../shared/model/resources.ts'
import type { ApiResponse } from '../request.ts'
import { startTestServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

let serial = 0
/** A namespace of its own for each test. */
async function newNamespace(): Promise<string> {
  const name = `ns-${++serial}`
  await server.client.create(namespaces, { metadata: { name } })
  return name
}

const make = (namespace: string, name: string, labels: Readonly<Record<string, string>> = {}): Promise<ConfigMap> => server.client.create(configMaps, { metadata: { name, namespace, labels } })
const names = (list: JsonObject): readonly unknown[] => (list['items'] as ReadonlyArray<{ readonly metadata: { readonly name: string } }>).map((item) => item.metadata.name)

/** Reads the events of a watch, line by line. */
function reader(answer: ApiResponse): { next(): Promise<JsonObject> } {
  if (answer.kind !== 'stream') throw new Error('no watch')
  const chunks = answer.chunks[Symbol.asyncIterator]()
  let lines: string[] = []
  return {
    async next() {
      while (lines.length === 0) {
        const chunk = await chunks.next()
        if (chunk.done) throw new Error('the watch has ended')
        lines = String(chunk.value).split('\n').filter((line) => line !== '')
      }
      return JSON.parse(lines.shift() ?? '') as JsonObject
    },
  }
}

test('pages are read from one state', async () => {
  const ns = await newNamespace()
  for (const name of ['a', 'b', 'c']) await make(ns, name)
  const first = (await server.ask(`GET /api/v1/namespaces/${ns}/configmaps?limit=1`)).body
  expect([names(first), (first['metadata'] as JsonObject)['remainingItemCount']]).toEqual([['a'], 2])
  await make(ns, 'aa')
  await server.client.delete(configMaps, { namespace: ns, name: 'b' })
  const rest = (await server.ask(`GET /api/v1/namespaces/${ns}/configmaps?continue=${String((first['metadata'] as JsonObject)['continue'])}`)).body
  expect(names(rest)).toEqual(['b', 'c'])
  expect((rest['metadata'] as JsonObject)['resourceVersion']).toBe((first['metadata'] as JsonObject)['resourceVersion'])
})

test('whoever takes whatever is at hand is given no pages', async () => {
  const ns = await newNamespace()
  for (const name of ['a', 'b']) await make(ns, name)
  const { body } = await server.ask(`GET /api/v1/namespaces/${ns}/configmaps?limit=1&resourceVersion=0`)
  expect([names(body), (body['metadata'] as JsonObject)['continue']]).toEqual([['a', 'b'], undefined])
})

test('a page whose state is forgotten is 410 with a token that goes on', async () => {
  const ns = await newNamespace()
  for (const name of ['a', 'b']) await make(ns, name)
  const first = (await server.ask(`GET /api/v1/namespaces/${ns}/configmaps?limit=1`)).body
  await make(ns, 'c')
  await server.storage.compact(await server.storage.currentRevision())
  const refused = await server.ask(`GET /api/v1/namespaces/${ns}/configmaps?continue=${String((first['metadata'] as JsonObject)['continue'])}`)
  expect(refused).toMatchObject({ status: 410, body: { reason: 'Expired' } })
  const again = await server.ask(`GET /api/v1/namespaces/${ns}/configmaps?continue=${String((refused.body['metadata'] as JsonObject)['continue'])}`)
  expect(names(again.body)).toEqual(['b', 'c'])
})

test('a list at a revision that nobody has written yet is told to come later; one from before what is known is 410', async () => {
  for (const query of ['resourceVersion=9999999999999&resourceVersionMatch=Exact', 'resourceVersion=9999999999999&limit=1', 'resourceVersion=18446744073709551615&limit=1']) {
    expect(await server.ask(`GET /api/v1/namespaces/x/configmaps?${query}`)).toMatchObject({ status: 504, body: { reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } } })
  }
  expect(await server.ask('GET /api/v1/namespaces/x/configmaps?resourceVersion=18446744073709551616')).toMatchObject({ status: 400, body: { message: expect.stringContaining('value out of range') } })
  await server.storage.compact(await server.storage.currentRevision())
  expect(await server.ask('GET /api/v1/namespaces/x/configmaps?resourceVersion=1&limit=1')).toMatchObject({ status: 410 })
})

test('a list sees every write that was answered before it', async () => {
  const ns = await newNamespace()
  for (let index = 0; index < 50; index++) {
    await make(ns, `n${index}`)
    expect((await server.client.list(configMaps, { namespace: ns })).items).toHaveLength(index + 1)
  }
})

test('a watch shows what is there, then every change once', async () => {
  const ns = await newNamespace()
  await make(ns, 'a')
  const watch = reader(await server.raw(`GET /api/v1/namespaces/${ns}/configmaps?watch=1`))
  expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'a' } } })
  await server.client.update(configMaps, { metadata: { name: 'a', namespace: ns }, data: { k: 'v' } })
  await server.client.delete(configMaps, { namespace: ns, name: 'a' })
  expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { data: { k: 'v' } } })
  expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { data: { k: 'v' } } })
})

test('what comes into a selector is added, what leaves it is deleted as it was', async () => {
  const ns = await newNamespace()
  await make(ns, 'a')
  const watch = reader(await server.raw(`GET /api/v1/namespaces/${ns}/configmaps?watch=1&labelSelector=app%3Dweb`))
  const label = (app: string): Promise<ConfigMap> => server.client.patch(configMaps, { namespace: ns, name: 'a' }, { type: 'merge', body: { metadata: { labels: { app } } } })
  await label('web')
  const left = await label('db')
  expect(await watch.next()).toMatchObject({ type: 'ADDED' })
  expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { labels: { app: 'web' }, resourceVersion: left.metadata.resourceVersion } } })
})

test('initial events end with a bookmark', async () => {
  const ns = await newNamespace()
  const watch = reader(await server.raw(`GET /api/v1/namespaces/${ns}/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`))
  expect(await watch.next()).toMatchObject({ type: 'BOOKMARK', object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } } })
})

test('before its time is over a watch tells that it has come past what was written elsewhere', async () => {
  const ns = await newNamespace()
  const { resourceVersion } = await server.client.list(configMaps, { namespace: ns })
  const watch = reader(await server.raw(`GET /api/v1/namespaces/${ns}/configmaps?watch=1&allowWatchBookmarks=true&timeoutSeconds=3&resourceVersion=${resourceVersion}`))
  const elsewhere = await server.client.create(namespaces, { metadata: { name: `${ns}-other` } })
  const told = (await watch.next()) as { readonly type: string; readonly object: { readonly metadata: { readonly resourceVersion: string } } }
  expect(told).toMatchObject({ type: 'BOOKMARK', object: { kind: 'ConfigMap' } })
  expect(Number(told.object.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(elsewhere.metadata.resourceVersion))
})

test('a watch from a forgotten revision ends with an error event', async () => {
  const ns = await newNamespace()
  const watch = reader(await server.raw(`GET /api/v1/namespaces/${ns}/configmaps?watch=1&resourceVersion=1`))
  expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } })
})

test('the watch of a client in this process begins after its list and tells how far it has come', async () => {
  const ns = await newNamespace()
  const { resourceVersion } = await server.client.list(configMaps, { namespace: ns })
  const stop = new AbortController()
  const changes = server.client.watch(configMaps, { namespace: ns, resourceVersion, signal: stop.signal })[Symbol.asyncIterator]()
  const first = changes.next()
  await make(ns, 'a')
  expect((await first).value).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } })
  stop.abort()
  expect((await changes.next()).done).toBe(true)
})

test('a long list that is asked for again and again is that of now: each change, of an item or of their number, shows in the next', async () => {
  const ns = await newNamespace()
  for (let index = 0; index < 20; index++) await make(ns, `m${String(index).padStart(2, '0')}`)
  const listed = async (query = ''): Promise<readonly JsonObject[]> => {
    const answers = [await server.ask(`GET /api/v1/namespaces/${ns}/configmaps${query}`), await server.ask(`GET /api/v1/namespaces/${ns}/configmaps${query}`), await server.ask(`GET /api/v1/namespaces/${ns}/configmaps${query}`)]
    expect(answers[1]?.body['items']).toEqual(answers[0]?.body['items'])
    expect(answers[2]?.body['items']).toEqual(answers[0]?.body['items'])
    return answers[2]?.body['items'] as readonly JsonObject[]
  }
  expect(await listed()).toHaveLength(20)
  expect(await listed('?limit=18')).toHaveLength(18)
  expect(await listed('?limit=17')).toHaveLength(17)
  await server.client.update(configMaps, { metadata: { name: 'm05', namespace: ns, labels: { new: 'yes' } } })
  expect((await listed())[5]).toMatchObject({ metadata: { labels: { new: 'yes' } } })
  expect((await listed('?limit=18'))[5]).toMatchObject({ metadata: { labels: { new: 'yes' } } })
  await server.client.delete(configMaps, { namespace: ns, name: 'm05' })
  expect(await listed()).toHaveLength(19)
})

test.each(['', '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan'])('a watch from a revision that does not come is told so in an event (%s)', { timeout: 20_000 }, async (more) => {
  const ns = await newNamespace()
  const events = await server.events(`GET /api/v1/namespaces/${ns}/configmaps?watch=1&resourceVersion=999999999999${more}`, 1)
  expect(events).toMatchObject([{ type: 'ERROR', object: { code: 504, reason: 'Timeout', message: expect.stringContaining('Too large resource version: 999999999999') as string, details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 } } }])
})
