import { expect, test } from 'vitest'
import { systemClock, type Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { createMemoryStorage } from './memory.ts'
import type { Storage } from './port.ts'
import { ProgressRequests } from './progress.ts'
import { createWatchCache, type WatchCacheOptions } from './watch-cache.ts'
import type { CacheEvent, WatchCache } from './watch-cache-port.ts'

const PODS = '/gantry/core/pods/'
const key = (name: string, namespace = 'default'): string => `${PODS}${namespace}/${name}`
const pod = (name: string, value = 0): string => JSON.stringify({ kind: 'Pod', apiVersion: 'v1', metadata: { name }, spec: { value } })

interface Running extends AsyncDisposable {
  readonly storage: Storage
  readonly cache: WatchCache
  readonly signal: AbortSignal
}

async function running(options: Partial<WatchCacheOptions> = {}): Promise<Running> {
  const storage = options.storage ?? createMemoryStorage()
  const cache = createWatchCache({ storage, prefix: PODS, clock: systemClock, ...options })
  const abort = new AbortController()
  const ended = cache.run(abort.signal)
  await cache.whenReady()
  return {
    storage,
    cache,
    signal: abort.signal,
    async [Symbol.asyncDispose]() {
      abort.abort()
      await ended
    },
  }
}

async function put(storage: Storage, name: string, value = 0): Promise<number> {
  const result = await storage.write({ kind: 'put', key: name, value: pod(name, value), expect: { kind: 'any' } })
  if (result.kind !== 'committed') throw new Error(result.kind)
  return result.revision
}

async function remove(storage: Storage, name: string): Promise<number> {
  const result = await storage.write({ kind: 'delete', key: name, expect: { kind: 'any' } })
  if (result.kind !== 'committed') throw new Error(result.kind)
  return result.revision
}

async function collect(watch: ReturnType<WatchCache['watch']>, count: number): Promise<CacheEvent[]> {
  const events: CacheEvent[] = []
  for await (const batch of watch) {
    events.push(...batch.events)
    if (events.length >= count) break
  }
  return events
}

test('what was stored before is listed in order of key, and by namespace', async () => {
  const storage = createMemoryStorage()
  for (const name of ['b', 'a', 'c']) await put(storage, key(name))
  await put(storage, key('x', 'other'))
  await using room = await running({ storage })
  expect(room.cache.list(PODS).map((item) => item.key)).toEqual([key('a'), key('b'), key('c'), key('x', 'other')])
  expect(room.cache.list(`${PODS}other/`).map((item) => item.key)).toEqual([key('x', 'other')])
})

test('objects and their text carry the revision as resourceVersion', async () => {
  await using room = await running()
  const revision = await put(room.storage, key('a'), 1)
  await room.cache.waitFor(revision)
  const item = room.cache.get(key('a'))
  expect(item?.object['metadata']).toEqual({ name: key('a'), resourceVersion: String(revision) })
  expect(JSON.parse(item?.json() ?? '')).toEqual(item?.object)
  expect(item?.json()).toBe(item?.json())
})

test('text is made right when the metadata is not where it usually is', async () => {
  await using room = await running()
  const value = '{"spec":{"template":{"metadata":{"name":"inner"}}},"metadata":{"name":"a"}}'
  await room.storage.write({ kind: 'put', key: key('a'), value, expect: { kind: 'any' } })
  await room.storage.write({ kind: 'put', key: key('b'), value: '{"metadata":{}}', expect: { kind: 'any' } })
  await room.cache.waitFor(await room.storage.currentRevision())
  for (const item of room.cache.list(PODS)) expect(JSON.parse(item.json())).toEqual(item.object)
})

test('a watch tells additions, changes and removals with what was before', async () => {
  await using room = await running()
  const after = room.cache.revision
  await put(room.storage, key('a'), 1)
  await put(room.storage, key('a'), 2)
  const gone = await remove(room.storage, key('a'))
  const events = await collect(room.cache.watch(PODS, { after, signal: room.signal }), 3)
  expect(events.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED'])
  expect(events[1]?.previous?.object['spec']).toEqual({ value: 1 })
  expect(events[2]?.item.object).toMatchObject({ spec: { value: 2 }, metadata: { resourceVersion: String(gone) } })
  expect(JSON.parse(events[2]?.item.json() ?? '')).toEqual(events[2]?.item.object)
})

test('a watch begins after the revision it names, and sees its prefix only', async () => {
  await using room = await running()
  await put(room.storage, key('a'))
  const after = await put(room.storage, key('b'))
  await put(room.storage, key('x', 'other'))
  await put(room.storage, key('c'))
  const events = await collect(room.cache.watch(`${PODS}default/`, { after, signal: room.signal }), 1)
  expect(events.map((event) => event.item.key)).toEqual([key('c')])
})

test('a revision that is too old is gone', async () => {
  await using room = await running({ historyEvents: 10 })
  const after = room.cache.revision
  for (let i = 0; i < 20; i++) await put(room.storage, key('a'), i)
  await room.cache.waitFor(await room.storage.currentRevision())
  await expect(collect(room.cache.watch(PODS, { after, signal: room.signal }), 1)).rejects.toSatisfy((error) => isFault(error, 'gone'))
})

test('a consumer that falls too far behind is told gone', async () => {
  await using room = await running({ historyEvents: 10 })
  const watch = room.cache.watch(PODS, { after: room.cache.revision, signal: room.signal })[Symbol.asyncIterator]()
  await put(room.storage, key('a'))
  await watch.next()
  for (let i = 0; i < 20; i++) await put(room.storage, key('a'), i)
  await room.cache.waitFor(await room.storage.currentRevision())
  await expect(watch.next()).rejects.toSatisfy((error) => isFault(error, 'gone'))
})

test('writes to other resources move the revision too', async () => {
  await using room = await running()
  const result = await room.storage.write({ kind: 'put', key: '/gantry/core/nodes/n', value: '{}', expect: { kind: 'any' } })
  if (result.kind !== 'committed') throw new Error(result.kind)
  await room.cache.waitFor(result.revision)
  expect(room.cache.revision).toBeGreaterThanOrEqual(result.revision)
})

test('waiting for a revision that does not come times out', async () => {
  await using room = await running({ waitMs: 5 })
  await expect(room.cache.waitFor(room.cache.revision + 1)).rejects.toSatisfy((error) => isFault(error, 'timeout'))
  const abort = new AbortController()
  const waiting = room.cache.waitFor(room.cache.revision + 1, abort.signal)
  abort.abort()
  await expect(waiting).rejects.toSatisfy((error) => isFault(error, 'cancelled'))
})

test('progress is told when it is asked for: to all, or to one', async () => {
  await using room = await running()
  const progress = new ProgressRequests()
  const watch = room.cache.watch(PODS, { after: room.cache.revision, signal: room.signal, progress })[Symbol.asyncIterator]()
  const other = room.cache.watch(PODS, { after: room.cache.revision, signal: room.signal })[Symbol.asyncIterator]()
  const revision = await put(room.storage, key('a'))
  const first = await Promise.all([watch.next(), other.next()])
  expect(first.map(({ value }) => value.events.length)).toEqual([1, 1])
  const told = { done: false, value: { events: [], revision: room.cache.revision } }
  expect(room.cache.revision).toBeGreaterThanOrEqual(revision)
  const second = [watch.next(), other.next()]
  room.cache.tellProgress()
  expect(await Promise.all(second)).toEqual([told, told])
  const third = watch.next()
  progress.now()
  expect(await third).toEqual(told)
})

test('what is written elsewhere wakes nobody, and a watch that slept through it hears the next change here', async () => {
  const storage = createMemoryStorage({ historyEvents: 20 })
  let batches = 0
  const counted: Storage = { ...bound(storage), async *watch(prefix, options) {
    for await (const batch of storage.watch(prefix, options)) {
      batches++
      yield batch
    }
  } }
  await using room = await running({ storage: counted })
  const watching = collect(room.cache.watch(PODS, { after: room.cache.revision, signal: room.signal }), 1)
  for (let i = 0; i < 100; i++) await storage.write({ kind: 'put', key: `/gantry/core/nodes/n${i}`, value: '{}', expect: { kind: 'any' } })
  expect(batches).toBe(0)
  const revision = await put(storage, key('a'))
  expect((await watching).map(({ item }) => item.revision)).toEqual([revision])
  expect(batches).toBe(1)
})

test('old events are forgotten though nothing happens any more', async () => {
  const due: Array<() => void> = []
  let nowMs = 0
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, after: (_delayMs, run) => (due.push(run), () => {}) }
  await using room = await running({ clock })
  const after = room.cache.revision
  for (let i = 0; i < 300; i++) await room.cache.waitFor(await put(room.storage, key('a'), i))
  nowMs = 100_000
  for (const run of due.splice(0)) run()
  await expect(collect(room.cache.watch(PODS, { after, signal: room.signal }), 1)).rejects.toSatisfy((error) => isFault(error, 'gone'))
})

test('a value that is not JSON is left out, the rest is served', async () => {
  await using room = await running()
  await room.storage.write({ kind: 'put', key: key('bad'), value: 'not json', expect: { kind: 'any' } })
  await room.cache.waitFor(await put(room.storage, key('good')))
  expect(room.cache.list(PODS).map((item) => item.key)).toEqual([key('good')])
})

const bound = (inner: Storage): Storage => ({
  get: inner.get.bind(inner),
  list: inner.list.bind(inner),
  write: inner.write.bind(inner),
  watch: inner.watch.bind(inner),
  currentRevision: inner.currentRevision.bind(inner),
  compact: inner.compact.bind(inner),
  [Symbol.asyncDispose]: inner[Symbol.asyncDispose].bind(inner),
})

/** A storage whose watches end with the error when they are told to, and which counts its lists. */
function interruptible(): { readonly storage: Storage; interrupt(error: Fault): void; lists(): number } {
  const inner = createMemoryStorage()
  let broken = Promise.withResolvers<never>()
  broken.promise.catch(() => {})
  let lists = 0
  const storage: Storage = {
    ...bound(inner),
    list: (...words) => (lists++, inner.list(...words)),
    async *watch(prefix, options) {
      const watch = inner.watch(prefix, options)[Symbol.asyncIterator]()
      for (const end = broken.promise; ; ) {
        const next = await Promise.race([watch.next(), end])
        if (next.done === true) return
        yield next.value
      }
    },
  }
  const interrupt = (error: Fault): void => {
    const before = broken
    broken = Promise.withResolvers()
    broken.promise.catch(() => {})
    before.reject(error)
  }
  return { storage, interrupt, lists: () => lists }
}

test('after a lost history the cache lists again and its watches are gone', async () => {
  const { storage, interrupt } = interruptible()
  await using room = await running({ storage })
  const watching = collect(room.cache.watch(PODS, { after: room.cache.revision, signal: room.signal }), 1)
  interrupt(new Fault('gone', 'compacted'))
  await expect(watching).rejects.toSatisfy((error) => isFault(error, 'gone'))
  await room.cache.waitFor(await put(storage, key('a')))
  expect(room.cache.get(key('a'))).toBeDefined()
})

test('a watch of the storage that breaks goes on where it was: nothing is listed again, and who watches here misses nothing', async () => {
  const { storage, interrupt, lists } = interruptible()
  await using room = await running({ storage })
  const watching = collect(room.cache.watch(PODS, { after: room.cache.revision, signal: room.signal }), 3)
  await room.cache.waitFor(await put(storage, key('a')))
  interrupt(new Fault('unavailable', 'the connection broke'))
  await put(storage, key('b'))
  await remove(storage, key('a'))
  expect((await watching).map(({ type, item }) => `${type} ${item.key}`)).toEqual([`ADDED ${key('a')}`, `ADDED ${key('b')}`, `DELETED ${key('a')}`])
  expect(lists()).toBe(1)
})

test('a watch ends when its signal aborts and when the cache ends', async () => {
  const room = await running()
  const abort = new AbortController()
  const first = collect(room.cache.watch(PODS, { after: room.cache.revision, signal: abort.signal }), 1)
  const second = collect(room.cache.watch(PODS, { after: room.cache.revision, signal: new AbortController().signal }), 1)
  abort.abort()
  expect(await first).toEqual([])
  await room[Symbol.asyncDispose]()
  expect(await second).toEqual([])
})

test('the texts of states that have passed are let go, and made again for those who ask late', async () => {
  const due: Array<() => void> = []
  const clock: Clock = { ...systemClock, after: (ms, run) => (ms === 1000 ? (due.push(run), () => {}) : systemClock.after(ms, run)) }
  await using run = await running({ clock })
  const first = await put(run.storage, key('a'), 1)
  await put(run.storage, key('a'), 2)
  const last = await put(run.storage, key('a'), 3)
  await run.cache.waitFor(last)
  const told = await collect(run.cache.watch(PODS, { after: first - 1, signal: run.signal }), 3)
  const read = (): unknown[] => told.map(({ item }) => JSON.parse(item.json()) as unknown)
  const before = read()
  expect(due).toHaveLength(1)
  for (const one of due.splice(0)) one()
  expect(read()).toEqual(before)
  expect(before).toMatchObject([{ spec: { value: 1 } }, { spec: { value: 2 } }, { spec: { value: 3 } }])
  await run.cache.waitFor(await remove(run.storage, key('a')))
  expect(due).toHaveLength(1)
})
