/** Watches of the API over a real etcd: killed, restarted, compacted; many at once, and one that is not read. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../../control-plane/apiserver/core/testing.ts'
import { createEtcdStorage } from '../../control-plane/storage/etcd.ts'
import type { Storage } from '../../control-plane/storage/port.ts'
import { isApiError } from '../../shared/kit/api-error.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import { configMaps, namespaces } from '../../shared/model/resources.ts'
import { heldBytes } from '../held-memory.ts'
import { startEtcd, type TestEtcd } from './etcd.ts'

let etcd: TestEtcd
let storage: Storage
let server: TestServer
beforeAll(async () => {
  etcd = await startEtcd()
  storage = createEtcdStorage({ endpoints: [etcd.endpoint] })
  server = await startTestServer(storage)
})
afterAll(async () => {
  server.stop()
  await storage[Symbol.asyncDispose]()
  await etcd[Symbol.asyncDispose]()
})

/** Each try has a namespace of its own: what one before has made is met by none. */
let tries = 0
let namespace = ''
let path = ''
beforeEach(async () => {
  namespace = `x${++tries}`
  await insistently(() => server.client.create(namespaces, { metadata: { name: namespace } }))
  path = `/api/v1/namespaces/${namespace}/configmaps`
})

interface Seen {
  readonly type: string
  readonly name: string
  readonly revision: number
}

interface Watch extends Disposable {
  readonly seen: readonly Seen[]
  /** Of an ERROR event. */
  readonly error: JsonObject | undefined
  until(holds: (seen: readonly Seen[]) => boolean): Promise<void>
}

async function watch(on: TestServer, query: string): Promise<Watch> {
  const own = new AbortController()
  const answer = await on.raw(`GET ${path}?watch=1&${query}`, own.signal)
  if (answer.kind !== 'stream') throw new Error('no watch')
  const seen: Seen[] = []
  let error: JsonObject | undefined
  let wake = (): void => {}
  const take = (line: string): void => {
    const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: JsonObject }
    if (type === 'ERROR') error = object
    const metadata = object['metadata'] as JsonObject
    seen.push({ type, name: String(metadata['name'] ?? ''), revision: Number(metadata['resourceVersion'] ?? 0) })
  }
  const reading = (async () => {
    for await (const chunk of answer.chunks) {
      for (const line of String(chunk).trimEnd().split('\n')) take(line)
      wake()
    }
  })()
  reading.catch(() => {})
  return {
    seen,
    get error() {
      return error
    },
    async until(holds) {
      while (!holds(seen)) await new Promise<void>((resolve) => (wake = resolve))
    },
    [Symbol.dispose]: () => own.abort(),
  }
}

const make = (name: string, { labels = {}, data = {} }: { readonly labels?: Readonly<Record<string, string>>; readonly data?: Readonly<Record<string, string>> } = {}): Promise<unknown> => insistently(() => server.client.create(configMaps, { metadata: { name, namespace, labels }, data }))
const has = (name: string) => (seen: readonly Seen[]): boolean => seen.some((one) => one.name === name)
const revisionOf = async (on: TestServer): Promise<string> => String(((await on.ask(`GET ${path}?limit=1`)).body['metadata'] as JsonObject)['resourceVersion'])
const isInOrder = (seen: readonly Seen[]): boolean => seen.every((one, index) => index === 0 || one.revision > (seen[index - 1]?.revision ?? 0))

/** Etcd is away for a moment, or has so much to do that writes are sent back: what is asked meanwhile is asked again. */
async function insistently<T>(ask: () => Promise<T>): Promise<T | undefined> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      // It had happened, and the answer was lost.
      if (isApiError(error, 'AlreadyExists')) return undefined
      if (attempt > 2_000) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

test('a watch during restarts of etcd sees every change once, in order', async () => {
  using one = await watch(server, `resourceVersion=${await revisionOf(server)}`)
  for (let round = 0; round < 3; round++) {
    await make(`restart-${round}-before`)
    await etcd.kill()
    await etcd.start()
    await make(`restart-${round}-after`)
  }
  await one.until(has('restart-2-after'))
  expect(one.seen.map(({ type, name }) => `${type} ${name}`)).toEqual([0, 1, 2].flatMap((round) => [`ADDED restart-${round}-before`, `ADDED restart-${round}-after`]))
  expect(isInOrder(one.seen)).toBe(true)
})

test('a watch goes on at another server where it was left, and after compaction is told to list again', async () => {
  const before = await revisionOf(server)
  await make('resumed-1')
  await using shared = createEtcdStorage({ endpoints: [etcd.endpoint] })
  const other = await startTestServer(shared)
  try {
    const from = await revisionOf(other)
    await make('resumed-2')
    using resumed = await watch(other, `resourceVersion=${from}`)
    await resumed.until(has('resumed-2'))
    expect(resumed.seen.map(({ name }) => name)).toEqual(['resumed-2'])
    await storage.compact(await storage.currentRevision())
    // What the cache of this server remembers is as good as before; one that has just begun remembers nothing older.
    using remembered = await watch(server, `resourceVersion=${before}`)
    await remembered.until(has('resumed-2'))
    expect(remembered.seen.map(({ name }) => name)).toEqual(['resumed-1', 'resumed-2'])
    using forgotten = await watch(other, `resourceVersion=${before}`)
    await forgotten.until((seen) => seen.length > 0)
    expect(forgotten.error).toMatchObject({ kind: 'Status', code: 410, reason: 'Expired' })
  } finally {
    other.stop()
  }
})

test('a list at an exact revision is of that revision, or gone with it', async () => {
  await make('exact-1')
  const at = await revisionOf(server)
  await make('exact-2')
  const later = await revisionOf(server)
  const names = async (query: string): Promise<readonly string[]> => ((await server.ask(`GET ${path}?${query}`)).body['items'] as unknown as ReadonlyArray<{ readonly metadata: { readonly name: string } }>).map(({ metadata }) => metadata.name).filter((name) => name.startsWith('exact-'))
  expect(await names(`resourceVersion=${at}&resourceVersionMatch=Exact`)).toEqual(['exact-1'])
  expect(await names(`resourceVersion=${later}&resourceVersionMatch=NotOlderThan`)).toEqual(['exact-1', 'exact-2'])
  expect(await names(`resourceVersion=${at}&limit=500`)).toEqual(['exact-1'])
  await storage.compact(await storage.currentRevision())
  expect(await server.ask(`GET ${path}?resourceVersion=${at}&resourceVersionMatch=Exact`)).toMatchObject({ status: 410, body: { reason: 'Expired' } })
  expect(await server.ask(`GET ${path}?resourceVersion=${Number(await revisionOf(server)) + 1_000_000}`)).toMatchObject({ status: 504, body: { details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } } })
})

test('five hundred watches see every change once, in order', { timeout: 240_000 }, async () => {
  const from = await revisionOf(server)
  const all = await Promise.all(Array.from({ length: 500 }, () => watch(server, `resourceVersion=${from}&labelSelector=many%3Dyes`)))
  const heapBefore = heldBytes()
  await Promise.all(Array.from({ length: 100 }, (_, index) => make(`many-${index}`, { labels: { many: 'yes' } })))
  await Promise.all(all.map((one) => one.until((seen) => seen.length >= 100)))
  for (const one of all) {
    expect(new Set(one.seen.map(({ name }) => name)).size).toBe(100)
    expect(one.seen).toHaveLength(100)
    expect(isInOrder(one.seen)).toBe(true)
  }
  expect(heldBytes() - heapBefore).toBeLessThan(40_000_000)
  for (const one of all) one[Symbol.dispose]()
})

/** The end of what a watch still had to say: what was under way when it fell behind comes first. */
async function lastOf(chunks: AsyncIterator<unknown>): Promise<string> {
  let last = ''
  for (let next = await chunks.next(); next.done !== true && !last.includes('"code":410'); next = await chunks.next()) last = String(next.value)
  return last.slice(-1_000)
}

test('a watch that nobody reads holds no memory of its own: it is told that it has fallen behind', { timeout: 240_000 }, async () => {
  const own = new AbortController()
  const answers = await Promise.all(Array.from({ length: 50 }, async () => server.raw(`GET ${path}?watch=1&resourceVersion=${await revisionOf(server)}`, own.signal)))
  const unread = answers.map((answer) => {
    if (answer.kind !== 'stream') throw new Error('no watch')
    return answer.chunks[Symbol.asyncIterator]()
  })
  const busy = { namespace, name: 'busy' }
  await make('busy')
  const filler = 'x'.repeat(1000)
  const heapBefore = heldBytes()
  for (let round = 0; round < 11_000; round += 500) {
    await Promise.all(Array.from({ length: 500 }, (_, index) => make(`flood-${round + index}`, { data: { filler } })))
  }
  // What was written is known to the server only when its own watch of etcd has told it.
  using reader = await watch(server, `resourceVersion=${await revisionOf(server)}`)
  await make('flooded')
  await reader.until(has('flooded'))
  // Fifty watches, eleven thousand events of a kilobyte: buffers of their own would be half a gigabyte.
  expect(heldBytes() - heapBefore).toBeLessThan(100_000_000)
  for (const one of unread) expect(await lastOf(one)).toContain('"code":410')
  own.abort()
  expect((await server.client.get(configMaps, busy)).metadata.name).toBe('busy')
})
