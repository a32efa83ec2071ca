/** A leader that died is followed, however long the storage takes for each answer, and whatever it refuses. */
import { expect, test } from 'vitest'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import { createMemoryStorage } from '../storage/storage.ts'
import type { Storage } from '../storage/port.ts'
import { createElection } from './candidate.ts'
import { DEFAULT_TTL_MS, LONGEST } from './pace.ts'
import { leaderKey } from './record.ts'

/** What each call takes, both ways together, and which looks at the leader's key are refused, by their number. */
interface Manners {
  readonly answerMs: number
  readonly isRefused?: (look: number) => boolean
  isCut: boolean
}

/** Looks, writes and what is heard of others' writes: all come late. */
function far(clock: Clock, real: Storage, manners: Manners): Storage {
  let looks = 0
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    if (manners.isCut) await new Promise(() => {})
    await sleep(clock, manners.answerMs / 2)
    const answer = await work()
    await sleep(clock, manners.answerMs / 2)
    return answer
  }
  return {
    get: (key) => call(() => (manners.isRefused?.(++looks) ? Promise.reject(new Fault('unavailable', 'not now')) : real.get(key))),
    list: (prefix) => call(() => real.list(prefix)),
    write: (write) => call(() => real.write(write)),
    currentRevision: () => call(() => real.currentRevision()),
    compact: (revision) => real.compact(revision),
    async *watch(prefix, options) {
      for await (const batch of real.watch(prefix, options)) {
        await sleep(clock, manners.answerMs / 2)
        yield batch
      }
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

/** How long after the leader's last renewal another leads; and how long the leader's lease was. */
async function takeover(manners: Omit<Manners, 'isCut'>, ttlMs: number): Promise<{ readonly afterMs: number; readonly leaseMs: number }> {
  const clock = new VirtualClock()
  const real = createMemoryStorage()
  const over = new AbortController()
  const start = (identity: string): { readonly link: Manners; leads: boolean; readonly leaseMs: () => number } => {
    const link = { ...manners, isCut: false }
    const election = createElection({ storage: far(clock, real, link), clock, log: silentLog, name: 'test', candidate: { identity, address: identity, machine: identity }, ttlMs })
    const replica = { link, leads: false, leaseMs: () => election.leaseMs() }
    void election.run(over.signal)
    void election.campaign(over.signal).then(() => (replica.leads = true), () => {})
    return replica
  }
  const first = start('a')
  await clock.advance(8 * manners.answerMs + ttlMs)
  const second = start('b')
  await clock.advance(5 * LONGEST * ttlMs)
  expect([first.leads, second.leads]).toEqual([true, false])
  const leaseMs = second.leaseMs()
  first.link.isCut = true
  const diedMs = clock.monotonicMs()
  while (!second.leads && clock.monotonicMs() - diedMs < 100 * ttlMs) await clock.advance(10)
  expect(await real.get(leaderKey('test'))).toMatchObject({ value: expect.stringContaining('"identity":"b"') })
  const afterMs = clock.monotonicMs() - diedMs
  over.abort()
  await clock.advance(2 * LONGEST * ttlMs)
  return { afterMs, leaseMs }
}

test.each([5, 240, 270, 320, 400, 1_000, 2_000, 2_600])('every answer takes %i ms', async (answerMs) => {
  for (const ttlMs of [DEFAULT_TTL_MS, 1_000]) {
    const { afterMs, leaseMs } = await takeover({ answerMs }, ttlMs)
    // Half an answer until the last renewal is seen; then the lease, or 0.85 of it and the first answer; the removal, and a key of its own.
    expect(afterMs, `a lease of ${leaseMs} ms`).toBeLessThan(1.1 * leaseMs + 4 * answerMs)
  }
})

test('a storage that refuses every third question, and is never away: after the longest lease', async () => {
  for (const answerMs of [5, 320]) {
    const { afterMs, leaseMs } = await takeover({ answerMs, isRefused: (look) => look % 3 === 0 }, DEFAULT_TTL_MS)
    expect(afterMs).toBeLessThan(LONGEST * DEFAULT_TTL_MS + leaseMs + 4 * answerMs)
  }
})
