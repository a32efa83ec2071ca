/** A leader stays certain while its storage is slow, and while a part of the storage hangs. */
import { expect, test } from 'vitest'
import { sleep } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import { createMemoryStorage, modRevisionOf } from '../storage/storage.ts'
import type { Storage } from '../storage/port.ts'
import { holdLeadership } from './leadership.ts'
import { candidateKey, formatRecord, leaderKey } from './record.ts'

const TTL_MS = 1_000

/** How much of a time a leader is certain of itself while somebody waits for it to fall silent. `delayMs` of each write, by its number. */
async function certainty(delayMs: (write: number) => number, forMs: number): Promise<number> {
  const clock = new VirtualClock()
  const real = createMemoryStorage()
  let writes = 0
  const storage: Storage = {
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
  const candidate = { identity: 'a', address: 'a:1', machine: 'a' }
  await real.write({ kind: 'put', key: candidateKey('test', { ...candidate, identity: 'b' }), value: '{}', expect: { kind: 'any' } })
  const made = await real.write({ kind: 'put', key: leaderKey('test'), value: formatRecord(candidate, 0), expect: { kind: 'absent' } })
  if (made.kind !== 'committed') throw new Error(made.kind)
  const leadership = holdLeadership({ name: 'test', candidate, guard: { key: leaderKey('test'), createRevision: modRevisionOf(made.revision) }, sentAtMs: clock.monotonicMs(), storage, clock, log: silentLog, ttlMs: TTL_MS })
  await clock.advance(2 * TTL_MS)
  let certain = 0
  for (let passedMs = 0; passedMs < forMs; passedMs += 10) {
    await clock.advance(10)
    if (leadership.isConfirmed()) certain += 10
  }
  const resigned = leadership.resign()
  await clock.advance(2 * TTL_MS)
  await resigned
  return certain / forMs
}

test('each renewal takes most of a lease: the next does not wait for it, and the leader is certain all the time', async () => {
  expect(await certainty(() => 600, 10_000)).toBe(1)
  expect(await certainty(() => 690, 10_000)).toBe(1)
})

test('half of the renewals hang for ever: the others go on', async () => {
  expect(await certainty((write) => (write % 2 === 0 ? 5 : 1e9), 10_000)).toBe(1)
})

test('what takes longer than a lease confirms nothing', async () => {
  expect(await certainty(() => 1_100, 10_000)).toBe(0)
})
