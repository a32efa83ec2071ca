/** A leader stays certain while its storage is slow, and while a part of the storage hangs. */
import { expect, test } from 'vitest'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import { createMemoryStorage, modRevisionOf } from '../storage/storage.ts'
import type { Storage } from '../storage/port.ts'
import { createElection } from './candidate.ts'
import { holdLeadership } from './leadership.ts'
import { LONGEST, Pace } from './pace.ts'
import { candidateKey, formatRecord, leaderKey } from './record.ts'

const TTL_MS = 1_000

/** `delayMs` of each write, by its number; what is given up before half of that has not happened. */
function delayed(clock: Clock, real: Storage, delayMs: (write: number) => number): Storage {
  let writes = 0
  return {
    get: (...words) => real.get(...words),
    list: (...words) => real.list(...words),
    currentRevision: () => real.currentRevision(),
    compact: (revision) => real.compact(revision),
    watch: (...words) => real.watch(...words),
    async write(write, signal) {
      const ms = delayMs(writes++)
      await sleep(clock, ms / 2, signal)
      const result = await real.write(write)
      await sleep(clock, ms / 2, signal)
      return result
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

/** How much of a time a leader is certain of itself while somebody waits for it to fall silent. */
async function certainty(delayMs: (write: number) => number, forMs: number, pace = new Pace(TTL_MS)): Promise<number> {
  const clock = new VirtualClock()
  const real = createMemoryStorage()
  const storage = delayed(clock, real, delayMs)
  const candidate = { identity: 'a', address: 'a:1', machine: 'a' }
  const registered = (): Promise<unknown> => real.write({ kind: 'put', key: candidateKey('test', { ...candidate, identity: 'b' }), value: '{}', expect: { kind: 'any' } })
  await registered()
  const made = await real.write({ kind: 'put', key: leaderKey('test'), value: formatRecord(candidate, { renewals: 0, leaseMs: TTL_MS }), expect: { kind: 'absent' } })
  if (made.kind !== 'committed') throw new Error(made.kind)
  const leadership = holdLeadership({ name: 'test', candidate, guard: { key: leaderKey('test'), createRevision: modRevisionOf(made.revision) }, made: { sentAtMs: clock.monotonicMs(), revision: made.revision, leaseMs: TTL_MS }, storage, clock, log: silentLog, ttlMs: TTL_MS, pace, onPutBack: () => expect.unreachable() })
  // What it learns first is how slow the storage is.
  for (let passedMs = 0; passedMs < 2 * LONGEST * TTL_MS; passedMs += 10) {
    await clock.advance(10)
    await registered()
  }
  let certain = 0
  for (let passedMs = 0; passedMs < forMs; passedMs += 10) {
    await clock.advance(10)
    await registered()
    if (leadership.isConfirmed()) certain += 10
  }
  const resigned = leadership.resign()
  await clock.advance(LONGEST * TTL_MS)
  await resigned
  return certain / forMs
}

test('renewals that take a third of a lease, or most of it, or more: the lease grows with them, and the leader is certain all the time', async () => {
  for (const delayMs of [5, 340, 600, 690, 1_100, 2_000]) expect([delayMs, await certainty(() => delayMs, 20_000)]).toEqual([delayMs, 1])
})

test('half of the renewals hang for ever: the others go on, and no lease is longer for what is lost', async () => {
  const pace = new Pace(TTL_MS)
  expect(await certainty((write) => (write % 2 === 0 ? 5 : 1e9), 10_000, pace)).toBe(1)
  expect(pace.leaseMs()).toBeLessThan(1.05 * TTL_MS)
})

test('what takes longer than the longest lease confirms nothing', async () => {
  expect(await certainty(() => 10_100, 30_000)).toBe(0)
})

test('whoever begins over a slow storage leads, and is certain; what it gives up is free at once, for it waits for that as long as for everything else', async () => {
  const clock = new VirtualClock()
  const real = createMemoryStorage()
  const over = new AbortController()
  const election = createElection({ storage: delayed(clock, real, () => 2_400), clock, log: silentLog, name: 'test', candidate: { identity: 'a', address: 'a:1', machine: 'a' }, ttlMs: TTL_MS })
  void election.run(over.signal)
  const campaign = election.campaign(over.signal)
  await clock.advance(20 * TTL_MS)
  const leadership = await campaign
  expect(leadership.isConfirmed()).toBe(true)
  const resigned = leadership.resign()
  await clock.advance(LONGEST * TTL_MS)
  await resigned
  expect(await real.get(leaderKey('test'))).toBeUndefined()
  over.abort()
})
