import { expect, test } from 'vitest'
import { virtualClock } from '../controllers/testing.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { DEFAULT_TERMS } from '../../shared/model/fencing-terms.ts'
import type { Guard, Storage, Write, WriteResult } from '../storage/port.ts'
import { createMemoryStorage } from '../storage/storage.ts'
import { membersOf, parseRecord, type MembershipRecord } from './record.ts'
import { MEMBERSHIP_KEY, MembershipStore } from './store.ts'

type Writing = (write: Write, real: (write: Write) => Promise<WriteResult>) => Promise<WriteResult>

async function opened(writing: Writing = (write, real) => real(write), guard?: Guard) {
  const memory = createMemoryStorage()
  const writes: Write[] = []
  const storage: Storage = {
    get: (key) => memory.get(key),
    list: (prefix, options) => memory.list(prefix, options),
    watch: (prefix, options) => memory.watch(prefix, options),
    currentRevision: () => memory.currentRevision(),
    compact: (revision) => memory.compact(revision),
    write: (write) => (writes.push(write), writing(write, (given) => memory.write(given))),
    [Symbol.asyncDispose]: async () => {},
  }
  const clock = virtualClock()
  const over = new AbortController()
  const stored: MembershipRecord[] = []
  const store = new MembershipStore({ storage, guard: () => guard, signal: over.signal, clock, log: silentLog, terms: DEFAULT_TERMS, onStored: (record) => void stored.push(record) })
  await store.load()
  const onDisk = async (): Promise<MembershipRecord | undefined> => parseRecord((await memory.get(MEMBERSHIP_KEY))?.value ?? '')
  return { store, stored, writes, clock, over, onDisk, memory }
}
const admit = (nodeName: string) => ({ kind: 'admit', nodeName, bootId: 'b' }) as const

test('what is asked for during a write is stored together, and told after it is stored', async () => {
  const at = await opened()
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => at.store.change(admit(name))))
  expect(at.stored.map(membersOf)).toEqual([['a'], ['a', 'b', 'c', 'd']])
  expect(await at.onDisk()).toEqual(at.store.record)
  await at.store.change(admit('a'))
  expect(at.writes.length).toBe(2)
})

test('a write of which nobody knows whether it happened is told when it is known, and not made twice', async () => {
  let failures = 1
  const at = await opened(async (write, real) => {
    const result = await real(write)
    if (failures-- > 0) throw new Fault('timeout', 'no answer')
    return result
  })
  const changing = at.store.change(admit('a'))
  await at.clock.advance(100)
  await changing
  expect([at.stored.map(membersOf), at.writes.length, (await at.onDisk())?.inUse.map(({ epoch }) => epoch)]).toEqual([[['a']], 1, [1]])
})

test('without an answer it is tried again, until the leadership is over', async () => {
  const at = await opened(() => Promise.reject(new Fault('unavailable', 'no etcd')))
  const changing = at.store.change(admit('a'))
  changing.catch(() => {})
  await at.clock.advance(3_000)
  expect(at.writes.length).toBeGreaterThan(5)
  at.over.abort(new Fault('deposed', 'over'))
  await at.clock.advance(10)
  await expect(changing).rejects.toThrow('over')
  expect(at.stored).toEqual([])
})

test('a deposed leader stores nothing', async () => {
  const at = await opened(undefined, { key: '/leader', createRevision: 7 })
  await expect(at.store.change(admit('a'))).rejects.toMatchObject({ code: 'deposed' })
  expect([await at.onDisk(), at.stored]).toEqual([undefined, []])
})

test('what stands there is no record: said, and nothing is done until somebody mends it', async () => {
  const at = await opened()
  await at.memory.write({ kind: 'put', key: MEMBERSHIP_KEY, value: '{}', expect: { kind: 'any' } })
  const loading = at.store.load()
  await at.clock.advance(2_000)
  await at.memory.write({ kind: 'delete', key: MEMBERSHIP_KEY, expect: { kind: 'any' } })
  await at.clock.advance(1_000)
  expect(membersOf(await loading)).toEqual([])
})
