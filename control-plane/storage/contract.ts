/** What every adapter of `port.ts` must do, as tests. Run for memory beside it, for a real etcd in `test/contract`. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeListing } from './contract-list.ts'
import { committed, faulty, put, putting, remove, type Room } from './contract-room.ts'
import { describeWatching } from './contract-watch.ts'
import { modRevisionOf } from './events.ts'
import type { Entry, Guard, Storage, Write } from './port.ts'

let count = 0

export function describeStorage(name: string, open: () => Promise<Storage>): void {
  describe(name, () => {
    let storage: Storage
    beforeAll(async () => {
      storage = await open()
    })
    afterAll(async () => {
      await storage[Symbol.asyncDispose]()
    })
    const room: Room = {
      get storage() {
        return storage
      },
      prefix: () => `/gantry/test${++count}.example/things/`,
    }
    describeWriting(room)
    describeGuards(room)
    describeListing(room)
    describeWatching(room)
    test('a closed storage is unavailable', async () => {
      const other = await open()
      await other[Symbol.asyncDispose]()
      await expect(other.get('/gantry/core/pods/a/b')).rejects.toSatisfy(faulty('unavailable'))
      await expect(put(other, '/gantry/core/pods/a/b', '{}')).rejects.toSatisfy(faulty('unavailable'))
      await expect(other.watch('/gantry/', { after: 0, signal: new AbortController().signal })[Symbol.asyncIterator]().next()).rejects.toSatisfy(faulty('unavailable'))
    })
  })
}

function describeWriting(room: Room): void {
  test('what was put is read back as it was', async () => {
    const { storage } = room
    const key = `${room.prefix()}a`
    expect(await storage.get(key)).toBeUndefined()
    for (const value of ['{"a":1}', '{"text":"grüße\\n🌍"}', '12\n{"looks":"like an envelope"}', '{}']) {
      const revision = await committed(put(storage, key, value))
      expect(await storage.get(key)).toEqual({ key, value, revision })
    }
  })

  test('absent: the first put commits, the next is a conflict that shows what stands there', async () => {
    const key = `${room.prefix()}a`
    const revision = await committed(put(room.storage, key, '{"n":1}', { kind: 'absent' }))
    expect(await put(room.storage, key, '{"n":2}', { kind: 'absent' })).toEqual({ kind: 'conflict', current: { key, value: '{"n":1}', revision } })
  })

  test('revision: only the newest one commits, for puts and deletes', async () => {
    const { storage } = room
    const key = `${room.prefix()}a`
    const first = await committed(put(storage, key, '{"n":1}'))
    const second = await committed(put(storage, key, '{"n":2}', { kind: 'revision', revision: first }))
    expect(second).toBeGreaterThan(first)
    const current: Entry = { key, value: '{"n":2}', revision: second }
    expect(await put(storage, key, '{"n":3}', { kind: 'revision', revision: first })).toEqual({ kind: 'conflict', current })
    expect(await remove(storage, key, { kind: 'revision', revision: first })).toEqual({ kind: 'conflict', current })
    expect(await committed(remove(storage, key, { kind: 'revision', revision: second }))).toBeGreaterThan(second)
    expect(await storage.get(key)).toBeUndefined()
    expect(await put(storage, key, '{}', { kind: 'revision', revision: second })).toEqual({ kind: 'conflict' })
    expect(await remove(storage, key, { kind: 'revision', revision: second })).toEqual({ kind: 'conflict' })
  })

  test('deleting what is not there commits and changes nothing', async () => {
    const key = `${room.prefix()}a`
    const before = await room.storage.currentRevision()
    expect(await committed(remove(room.storage, key))).toBe(before)
    expect(await room.storage.currentRevision()).toBe(before)
  })

  test('of many who change one key from the same revision exactly one wins', async () => {
    const key = `${room.prefix()}a`
    const revision = await committed(put(room.storage, key, '{}'))
    const results = await Promise.all(Array.from({ length: 20 }, (_, n) => put(room.storage, key, `{"n":${n}}`, { kind: 'revision', revision })))
    expect(results.filter((result) => result.kind === 'committed')).toHaveLength(1)
    const winner = await room.storage.get(key)
    for (const result of results) if (result.kind === 'conflict') expect(result.current).toEqual(winner)
  })

  test('writes at the same time stand or fail alone, and no two have the same revision', async () => {
    const prefix = room.prefix()
    await committed(put(room.storage, `${prefix}7`, '{}'))
    const results = await Promise.all(Array.from({ length: 300 }, (_, n) => put(room.storage, `${prefix}${n}`, `{"n":${n}}`, { kind: 'absent' })))
    expect(results.map((result, n) => [n, result.kind]).filter(([, kind]) => kind !== 'committed')).toEqual([[7, 'conflict']])
    const removed = await Promise.all(Array.from({ length: 300 }, (_, n) => remove(room.storage, `${prefix}${n}`)))
    const revisions = [...results, ...removed].flatMap((result) => (result.kind === 'committed' ? [result.revision] : []))
    expect(new Set(revisions).size).toBe(599)
  })

  test('who has given up already is told so', async () => {
    const signal = AbortSignal.abort()
    await expect(room.storage.get('/gantry/a', signal)).rejects.toSatisfy(faulty('cancelled'))
    await expect(room.storage.write(putting('/gantry/a', '{}'), signal)).rejects.toSatisfy(faulty('cancelled'))
    await expect(room.storage.currentRevision(signal)).rejects.toSatisfy(faulty('cancelled'))
  })
}

function describeGuards(room: Room): void {
  const lead = async (key: string): Promise<Guard> => ({ key, createRevision: modRevisionOf(await committed(put(room.storage, key, '{}', { kind: 'absent' }))) })

  test('a guarded write happens while the guard stands, whatever is put into it', async () => {
    const prefix = room.prefix()
    const guard = await lead(`${prefix}leader`)
    await committed(room.storage.write({ ...putting(`${prefix}a`, '{}'), guard }))
    await committed(put(room.storage, guard.key, '{"renewed":true}'))
    await committed(room.storage.write({ kind: 'delete', key: `${prefix}a`, expect: { kind: 'any' }, guard }))
    await Promise.all(['b', 'c', 'd'].map((name) => committed(room.storage.write({ ...putting(`${prefix}${name}`, '{}'), guard }))))
  })

  test('a deposed writer changes nothing, and is told so before anything else', async () => {
    const prefix = room.prefix()
    const guard = await lead(`${prefix}leader`)
    const revision = await committed(put(room.storage, `${prefix}a`, '{}'))
    await committed(remove(room.storage, guard.key))
    const attempts: Write[] = [putting(`${prefix}a`, '{"by":"old"}'), { kind: 'delete', key: `${prefix}a`, expect: { kind: 'absent' } }]
    for (const write of attempts) expect(await room.storage.write({ ...write, guard })).toEqual({ kind: 'deposed' })
    const next = await lead(guard.key)
    for (const write of attempts) expect(await room.storage.write({ ...write, guard })).toEqual({ kind: 'deposed' })
    const atOnce = await Promise.all([...attempts.map((write) => room.storage.write({ ...write, guard })), put(room.storage, `${prefix}b`, '{}')])
    expect(atOnce.map(({ kind }) => kind)).toEqual(['deposed', 'deposed', 'committed'])
    expect(await room.storage.get(`${prefix}a`)).toMatchObject({ revision })
    expect(await room.storage.write({ ...putting(`${prefix}a`, '{}', { kind: 'absent' }), guard: next })).toMatchObject({ kind: 'conflict', current: { revision } })
  })
}
