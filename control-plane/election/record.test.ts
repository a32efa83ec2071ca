import { expect, test } from 'vitest'
import { silentLog } from '../../shared/kit/log.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import { createMemoryStorage } from '../storage/storage.ts'
import { createElection } from './candidate.ts'
import { formatRecord, leaderKey, parseRecord } from './record.ts'

const CANDIDATE = { identity: 'a', address: 'a:6444', machine: 'm' }
/** As replicas wrote it before the lease stood in it. */
const OF_BEFORE = JSON.stringify({ ...CANDIDATE, renewals: 7 })

const parsed = (value: string): ReturnType<typeof parseRecord> => parseRecord({ key: 'k', value, revision: 1 })

test('what is written is read again; the version before wrote no lease, and meant one second', () => {
  expect(parsed(formatRecord(CANDIDATE, { renewals: 3, leaseMs: 2_500 }))).toEqual({ ...CANDIDATE, renewals: 3, leaseMs: 2_500 })
  expect(parsed(OF_BEFORE)).toEqual({ ...CANDIDATE, renewals: 7, leaseMs: 1_000 })
  expect(['[]', '{}', JSON.stringify({ ...CANDIDATE, renewals: 1, leaseMs: 'long' })].map(parsed)).toEqual([undefined, undefined, undefined])
})

test('over a record of the version before: it says who leads, and its successor on the same machine takes over at once', async () => {
  const clock = new VirtualClock()
  const storage = createMemoryStorage()
  await storage.write({ kind: 'put', key: leaderKey('test'), value: OF_BEFORE, expect: { kind: 'absent' } })
  const over = new AbortController()
  const started = (candidate: typeof CANDIDATE): ReturnType<typeof createElection> => {
    const election = createElection({ storage, clock, log: silentLog, name: 'test', candidate })
    void election.run(over.signal)
    return election
  }
  const other = started({ ...CANDIDATE, identity: 'b', address: 'b:6444' })
  await clock.advance(10)
  expect(other.leader()).toMatchObject({ identity: 'a', address: 'a:6444' })
  const next = started(CANDIDATE).campaign(over.signal)
  await clock.advance(50)
  const leadership = await Promise.race([next, Promise.resolve(undefined)])
  expect(leadership?.isConfirmed()).toBe(true)
  over.abort()
})
