/** What an election must do over any storage, as tests. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { silentLog } from '../../shared/kit/log.ts'
import type { Storage } from '../storage/port.ts'
import { createElection } from './candidate.ts'
import type { Candidate, Election, Leadership } from './port.ts'

export interface ElectionRoom extends AsyncDisposable {
  readonly storage: Storage
}

/** Long enough that a host with other things to do misses none. */
const TTL_MS = 800
/** What it may take longer on such a host where it is only to be soon. */
const BUSY_HOST_MS = 20_000

export function describeElection(name: string, open: () => Promise<ElectionRoom>): void {
  describe(name, () => {
    let room: ElectionRoom
    let count = 0
    const over = new AbortController()
    beforeAll(async () => {
      room = await open()
    })
    afterAll(async () => {
      over.abort()
      await room[Symbol.asyncDispose]()
    })
    const elections = (ttlMs = TTL_MS): ((identity: string, storage?: Storage, machine?: string) => Election) => {
      const of = `test-${++count}`
      return (identity, storage = room.storage, machine = identity) => {
        const candidate: Candidate = { identity, address: `${identity}:6444`, machine }
        const election = createElection({ storage, clock: systemClock, log: silentLog, name: of, candidate, ttlMs })
        void election.run(over.signal)
        return election
      }
    }
    const led = (election: Election): Promise<Leadership> => election.campaign(over.signal)
    const guarded = async ({ guard }: Leadership): Promise<string> => (await room.storage.write({ kind: 'put', key: `/gantry/test.example/led/${count}`, value: '{}', expect: { kind: 'any' }, guard })).kind

    test('one leads, the next waits until it resigns; only the one that leads can write', async () => {
      const of = elections()
      const first = await led(of('a'))
      let isSecond = false
      const waiting = led(of('b')).then((leadership) => {
        isSecond = true
        return leadership
      })
      await pause(TTL_MS * 1.5)
      expect(await guarded(first)).toBe('committed')
      expect([isSecond, first.signal.aborted, first.isConfirmed()]).toEqual([false, false, true])
      const told: number[] = []
      const stop = first.onConfirmed((untilMs) => void told.push(untilMs))
      await vi.waitUntil(() => told.length > 2, PATIENCE)
      stop()
      expect(told).toEqual(told.toSorted((x, y) => x - y))
      expect(told.at(-1)).toBe(first.confirmedUntilMs())
      await first.resign()
      const second = await waiting
      expect([first.signal.aborted, first.isConfirmed()]).toEqual([true, false])
      expect(second.guard.createRevision).toBeGreaterThan(first.guard.createRevision)
      expect([await guarded(first), await guarded(second)]).toEqual(['deposed', 'committed'])
      await second.resign()
    })

    test('one that is not heard of any more is followed when its lease is over, and knows by then', async () => {
      const of = elections()
      const link = brittle(room.storage)
      const first = await led(of('a', link.storage))
      link.cut()
      const cutAtMs = performance.now()
      const second = await led(of('b'))
      expect(first.isConfirmed()).toBe(false)
      expect(performance.now() - cutAtMs).toBeLessThan(TTL_MS * 3 + BUSY_HOST_MS)
      link.mend()
      await vi.waitUntil(() => first.signal.aborted, PATIENCE)
      expect(isFault(first.signal.reason, 'deposed')).toBe(true)
      expect([await guarded(first), await guarded(second)]).toEqual(['deposed', 'committed'])
      await second.resign()
    })

    test('a leader that could not renew for long goes on if nobody took its place', async () => {
      const of = elections()
      const link = brittle(room.storage)
      const only = await led(of('a', link.storage))
      link.cut()
      await pause(TTL_MS * 2)
      expect([only.signal.aborted, only.isConfirmed()]).toEqual([false, false])
      link.mend()
      await vi.waitUntil(() => only.isConfirmed() || only.signal.aborted, PATIENCE)
      expect([only.signal.aborted, only.isConfirmed(), await guarded(only)]).toEqual([false, true, 'committed'])
      await only.resign()
    })

    test('the next process of the same machine takes over at once, one of another machine waits', async () => {
      // So long that nobody would have waited for it.
      const long = elections(10 * BUSY_HOST_MS)
      const link = brittle(room.storage)
      await led(long('a', link.storage))
      link.cut()
      const restartedMs = performance.now()
      const next = await led(long('a'))
      expect(performance.now() - restartedMs).toBeLessThan(BUSY_HOST_MS)
      await next.resign()

      const of = elections()
      const lost = brittle(room.storage)
      await led(of('a', lost.storage))
      lost.cut()
      const clonedMs = performance.now()
      const clone = await led(of('a', room.storage, 'another machine'))
      expect(performance.now() - clonedMs).toBeGreaterThan(TTL_MS * 0.9)
      await clone.resign()
    })

    test('one whose key is taken away knows at its next renewal', async () => {
      const leadership = await led(elections()('a'))
      const lost = new Promise((resolve) => leadership.signal.addEventListener('abort', resolve))
      await room.storage.write({ kind: 'delete', key: leadership.guard.key, expect: { kind: 'any' } })
      await lost
    })

    test('who gives up campaigning is told so, and leaves nothing behind', async () => {
      const of = elections()
      const first = await led(of('a'))
      const abort = new AbortController()
      const waiting = of('b').campaign(abort.signal)
      setTimeout(() => abort.abort(), 20)
      await expect(waiting).rejects.toSatisfy((error) => isFault(error, 'cancelled'))
      await first.resign()
      expect(await room.storage.get(first.guard.key)).toBeUndefined()
    })

    test('everybody can see who leads, and where', async () => {
      const of = elections()
      const watcher = of('c')
      const seen: Array<string | undefined> = []
      watcher.onChange(() => {
        const address = watcher.leader()?.address
        if (seen.length === 0 || seen.at(-1) !== address) seen.push(address)
      })
      await pause(50)
      for (const identity of ['a', 'b']) {
        const leadership = await led(of(identity))
        await vi.waitUntil(() => watcher.leader()?.identity === identity, PATIENCE)
        await leadership.resign()
        await vi.waitUntil(() => watcher.leader() === undefined, PATIENCE)
      }
      expect(seen).toEqual([undefined, 'a:6444', undefined, 'b:6444', undefined])
    })
  })
}

/** A way to the storage that can be cut: calls then never answer. */
function brittle(storage: Storage): { readonly storage: Storage; cut(): void; mend(): void } {
  let isCut = false
  const passing = <Args extends readonly unknown[], T>(call: (...args: Args) => Promise<T>) => (...args: Args): Promise<T> => (isCut ? Promise.reject(new Fault('unavailable', 'cut off')) : call(...args))
  return {
    storage: {
      get: passing(storage.get.bind(storage)),
      list: passing(storage.list.bind(storage)),
      write: passing(storage.write.bind(storage)),
      currentRevision: passing(storage.currentRevision.bind(storage)),
      compact: storage.compact.bind(storage),
      watch: storage.watch.bind(storage),
      [Symbol.asyncDispose]: async () => {},
    },
    cut: () => void (isCut = true),
    mend: () => void (isCut = false),
  }
}

const PATIENCE = { timeout: 30_000, interval: 5 } as const

const pause = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs))
