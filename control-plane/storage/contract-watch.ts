import fc from 'fast-check'
import { expect, test } from 'vitest'
import { committed, eventsAfter, faulty, put, remove, type Room } from './contract-room.ts'
import { eventKey, eventRevision } from './events.ts'
import { ProgressRequests } from './progress.ts'
import { POSITIONS, type EventBatch, type Revision, type StorageEvent } from './port.ts'

/** The part of the contract about watches. */
export function describeWatching(room: Room): void {
  test('a watch after a list tells every later change once, in order', async () => {
    const { storage } = room
    const prefix = room.prefix()
    await committed(put(storage, `${prefix}a`, '{"n":0}'))
    const { revision: after } = await storage.list(prefix)
    const first = await committed(put(storage, `${prefix}a`, '{"n":1}'))
    const second = await committed(put(storage, `${prefix}b`, '{"n":2}'))
    const third = await committed(remove(storage, `${prefix}a`))
    await committed(put(storage, `${room.prefix()}other`, '{}'))
    expect(await eventsAfter(storage, prefix, after)).toEqual([
      { kind: 'put', entry: { key: `${prefix}a`, value: '{"n":1}', revision: first }, created: false },
      { kind: 'put', entry: { key: `${prefix}b`, value: '{"n":2}', revision: second }, created: true },
      { kind: 'delete', key: `${prefix}a`, revision: third, previous: { key: `${prefix}a`, value: '{"n":1}', revision: first } },
    ])
  })

  test('what is written while it is watched arrives', async () => {
    const prefix = room.prefix()
    const abort = new AbortController()
    const watch = room.storage.watch(prefix, { after: await room.storage.currentRevision(), signal: abort.signal })[Symbol.asyncIterator]()
    for (let n = 0; n < 3; n++) {
      const next = nextEvents(watch)
      const revision = await committed(put(room.storage, `${prefix}a`, `{"n":${n}}`))
      expect((await next).map(eventRevision)).toEqual([revision])
    }
    abort.abort()
    expect(await watch.next()).toEqual({ done: true, value: undefined })
  })

  test('writes elsewhere move the watch on', async () => {
    const prefix = room.prefix()
    const abort = new AbortController()
    const watch = room.storage.watch(prefix, { after: await room.storage.currentRevision(), signal: abort.signal })
    const target = committed(put(room.storage, `${room.prefix()}a`, '{}'))
    for await (const batch of watch) {
      expect(batch.events).toEqual([])
      if (batch.revision >= (await target)) break
    }
  })

  test('a watch whose reader asks for progress tells it when it is asked, up to the revision that is meant', async () => {
    const { storage } = room
    const prefix = room.prefix()
    const elsewhere = room.prefix()
    const abort = new AbortController()
    const progress = new ProgressRequests()
    const after = await storage.currentRevision()
    const watch = storage.watch(prefix, { after, signal: abort.signal, progress })[Symbol.asyncIterator]()
    let next = watch.next()
    for (let n = 0; n < 5; n++) await committed(put(storage, `${elsewhere}${n}`, '{}'))
    const here = await committed(put(storage, `${prefix}a`, '{}'))
    const first = (await next).value as EventBatch
    expect(first.events.map(eventRevision)).toEqual([here])
    const last = await committed(put(storage, `${elsewhere}a`, '{}'))
    progress.upTo(last)
    for (let reached = first.revision; reached < last; ) {
      next = watch.next()
      const batch = (await next).value as EventBatch
      expect(batch.events).toEqual([])
      reached = batch.revision
    }
    next = watch.next()
    progress.now()
    expect((await next).value).toMatchObject({ events: [] })
    abort.abort()
  })

  test('a watch that is aborted before it begins tells nothing', async () => {
    const batches: EventBatch[] = []
    for await (const batch of room.storage.watch(room.prefix(), { after: await room.storage.currentRevision(), signal: AbortSignal.abort() })) batches.push(batch)
    expect(batches).toEqual([])
  })

  test('after compaction a watch of the past is gone; one from the compacted revision on loses nothing', async () => {
    const { storage } = room
    const prefix = room.prefix()
    const before = await storage.currentRevision()
    await committed(put(storage, `${prefix}a`, '{}'))
    const removed = await committed(remove(storage, `${prefix}a`))
    const compacted = await storage.currentRevision()
    const later = await committed(put(storage, `${prefix}b`, '{}'))
    await storage.compact(compacted)
    await expect(eventsAfter(storage, prefix, before)).rejects.toSatisfy(faulty('gone'))
    await expect(eventsAfter(storage, prefix, removed - 1)).rejects.toSatisfy(faulty('gone'))
    expect((await eventsAfter(storage, prefix, compacted)).map(eventRevision)).toEqual([later])
  })

  test('a watch after a revision that has never been is gone', async () => {
    const watch = room.storage.watch(room.prefix(), { after: (await room.storage.currentRevision()) + 5 * POSITIONS, signal: new AbortController().signal })
    await expect(watch[Symbol.asyncIterator]().next()).rejects.toSatisfy(faulty('gone'))
  })

  test('safety: replaying the events gives the state, and a watch resumed after any event yields exactly the rest', async () => {
    const step = fc.array(fc.record({ kind: fc.constantFrom('put' as const, 'put' as const, 'delete' as const), name: fc.integer({ min: 0, max: 12 }) }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const { storage } = room
        const prefix = room.prefix()
        const after = await storage.currentRevision()
        const revisions: Revision[] = []
        for (const writes of steps) {
          const results = await Promise.all(writes.map(({ kind, name }, n) => (kind === 'put' ? put(storage, `${prefix}${name}`, `{"n":${n}}`) : remove(storage, `${prefix}${name}`))))
          for (const result of results) if (result.kind === 'committed') revisions.push(result.revision)
        }
        const events = await eventsAfter(storage, prefix, after)
        const told = events.map(eventRevision)
        expect(told).toEqual([...new Set(told)].sort((a, b) => a - b))
        for (const revision of told) expect(revisions).toContain(revision)
        expect([...replay(events)]).toEqual((await storage.list(prefix)).entries.map((entry) => [entry.key, entry.value]))
        for (let at = 0; at < events.length; at += Math.ceil(events.length / 5)) {
          expect(await eventsAfter(storage, prefix, told[at] ?? after)).toEqual(events.slice(at + 1))
        }
      }),
      { numRuns: 20 },
    )
  })
}

/** The state that the events lead to, in order of key. */
function replay(events: readonly StorageEvent[]): ReadonlyMap<string, string> {
  const state = new Map<string, string>()
  for (const event of events) {
    if (event.kind === 'put') state.set(event.entry.key, event.entry.value)
    else state.delete(eventKey(event))
  }
  return new Map([...state].sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function nextEvents(watch: AsyncIterator<EventBatch>): Promise<readonly StorageEvent[]> {
  for (;;) {
    const next = await watch.next()
    if (next.done) return []
    if (next.value.events.length > 0) return next.value.events
  }
}
