/** What an election must do over any storage and its leases, as tests. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { isFault } from '../../shared/kit/faults.ts'
import { silentLog } from '../../shared/kit/log.ts'
import type { Storage } from '../storage/port.ts'
import { createElection } from './candidate.ts'
import type { Election, Leader, Leases } from './port.ts'

export interface ElectionRoom extends AsyncDisposable {
  readonly storage: Storage
  readonly leases: Leases
}

/** @param ttlMs the shortest lease that the real part can give. */
export function describeElection(name: string, open: () => Promise<ElectionRoom>, ttlMs: number): void {
  describe(name, () => {
    let room: ElectionRoom
    let count = 0
    beforeAll(async () => {
      room = await open()
    })
    afterAll(async () => {
      await room[Symbol.asyncDispose]()
    })
    const elect = (leases = room.leases, of = `test-${++count}`): Election & { readonly of: string } => ({
      of,
      ...createElection({ storage: room.storage, leases, clock: systemClock, log: silentLog, name: of, ttlMs }),
    })
    const guarded = async (guard: Leader & { readonly guard: { readonly key: string; readonly createRevision: number } }): Promise<string> =>
      (await room.storage.write({ kind: 'put', key: `/gantry/test.example/led/${count}`, value: '{}', expect: { kind: 'any' }, guard: guard.guard })).kind

    test('one leads, the next waits until it resigns; only the one that leads can write', async () => {
      const election = elect()
      const first = await election.campaign('a', new AbortController().signal)
      let isSecond = false
      const waiting = election.campaign('b', new AbortController().signal).then((leadership) => {
        isSecond = true
        return leadership
      })
      expect(await guarded(first)).toBe('committed')
      expect([isSecond, first.signal.aborted]).toEqual([false, false])
      await first.resign()
      const second = await waiting
      expect(first.signal.aborted).toBe(true)
      expect(second.createRevision).toBeGreaterThan(first.createRevision)
      expect([await guarded(first), await guarded(second)]).toEqual(['deposed', 'committed'])
      await second.resign()
    })

    test('a leader that renews leads for longer than its lease', async () => {
      const leadership = await elect().campaign('a', new AbortController().signal)
      const wonAtMs = leadership.confirmedAtMs()
      await pause(ttlMs * 1.6)
      expect(leadership.signal.aborted).toBe(false)
      expect(leadership.confirmedAtMs()).toBeGreaterThan(wonAtMs)
      expect(await guarded(leadership)).toBe('committed')
      await leadership.resign()
    })

    test('one that cannot renew stops believing before another leads', async () => {
      const lost: Leases = {
        acquire: async (request) => {
          const held = await room.leases.acquire(request)
          return held && { ...held, renew: () => new Promise(() => {}) }
        },
      }
      const cutOff = elect(lost)
      const first = await cutOff.campaign('a', new AbortController().signal)
      const second = await elect(room.leases, cutOff.of).campaign('b', new AbortController().signal)
      expect(first.signal.aborted).toBe(true)
      expect(isFault(first.signal.reason, 'deposed')).toBe(true)
      expect([await guarded(first), await guarded(second)]).toEqual(['deposed', 'committed'])
      await second.resign()
    })

    test('one whose key is taken away knows at once', async () => {
      const leadership = await elect().campaign('a', new AbortController().signal)
      const lost = new Promise((resolve) => leadership.signal.addEventListener('abort', resolve))
      await room.storage.write({ kind: 'delete', key: leadership.guard.key, expect: { kind: 'any' } })
      await lost
      await leadership.resign()
    })

    test('who gives up campaigning is told so, and leaves nothing behind', async () => {
      const election = elect()
      const first = await election.campaign('a', new AbortController().signal)
      const abort = new AbortController()
      const waiting = election.campaign('b', abort.signal)
      abort.abort()
      await expect(waiting).rejects.toSatisfy((error) => isFault(error, 'cancelled'))
      await first.resign()
      expect(await room.storage.get(first.guard.key)).toBeUndefined()
    })

    test('everybody can see who leads', async () => {
      const election = elect()
      const abort = new AbortController()
      const seen: Array<string | undefined> = []
      const watching = (async () => {
        for await (const leader of election.leaders(abort.signal)) if (seen.push(leader?.identity) === 5) break
      })()
      await pause(50)
      for (const identity of ['a', 'b']) await (await election.campaign(identity, abort.signal)).resign()
      await watching
      expect(seen).toEqual([undefined, 'a', undefined, 'b', undefined])
      abort.abort()
    })
  })
}

const pause = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs))
