/** The storage is put back to an older state (a snapshot of etcd) under a running set of control planes. */
import { expect, test } from 'vitest'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import { PutBack, type Storage, type Write } from '../storage/port.ts'
import { createMemoryStorage } from '../storage/storage.ts'
import { createElection } from './candidate.ts'
import { LONGEST } from './pace.ts'
import type { Election, Leadership } from './port.ts'

const TTL_MS = 1_000
const LONGEST_MS = LONGEST * TTL_MS

/** A storage that can be put back: the same writes in the same order come to the same revisions. */
class Rewindable {
  readonly #clock: Clock
  #real = createMemoryStorage()
  #committed: Write[] = []
  #life = new AbortController()
  /** Of everybody, committed or not. */
  writes = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  mark(): number {
    return this.#committed.length
  }

  /** Watches are told of it, or break, or hear nothing any more; `others` writes come before anybody asks again. */
  async putBack(mark: number, { watches, others = 0 }: { readonly watches: 'told' | 'broken' | 'silent'; readonly others?: number }): Promise<void> {
    const real = createMemoryStorage()
    const kept = this.#committed.slice(0, mark)
    this.#real = real
    this.#committed = []
    for (const write of kept) await this.#commit({ ...write, expect: { kind: 'any' }, guard: undefined })
    for (let count = 0; count < others; count++) await this.#commit({ kind: 'put', key: '/gantry/test.example/others/x', value: `{"count":${count}}`, expect: { kind: 'any' } })
    const life = this.#life
    if (watches === 'silent') return
    this.#life = new AbortController()
    life.abort(watches === 'told' ? new PutBack('the storage was put back') : new Fault('unavailable', 'the watch broke'))
  }

  async #commit(write: Write): ReturnType<Storage['write']> {
    const result = await this.#real.write(write)
    if (result.kind === 'committed') this.#committed.push(write)
    return result
  }

  link(): Link {
    const clock = this.#clock
    const link: Link = { delayMs: 2, isCut: false, storage: undefined as never }
    const call = async <T>(work: () => Promise<T>): Promise<T> => {
      await sleep(clock, link.delayMs / 2)
      if (link.isCut) throw new Fault('unavailable', 'cut off')
      const answer = await work()
      await sleep(clock, link.delayMs / 2)
      return answer
    }
    const watch = (...[prefix, options]: Parameters<Storage['watch']>): ReturnType<Storage['watch']> => this.#watch(prefix, options)
    const storage: Storage = {
      get: (key) => call(() => this.#real.get(key)),
      list: (prefix) => call(() => this.#real.list(prefix)),
      currentRevision: () => call(() => this.#real.currentRevision()),
      compact: (revision) => this.#real.compact(revision),
      watch,
      write: (write) => {
        this.writes++
        return call(() => this.#commit(write))
      },
      [Symbol.asyncDispose]: async () => {},
    }
    return Object.assign(link, { storage })
  }

  async *#watch(...[prefix, options]: Parameters<Storage['watch']>): ReturnType<Storage['watch']> & AsyncGenerator {
    const life = this.#life.signal
    for await (const batch of this.#real.watch(prefix, { ...options, signal: AbortSignal.any([options.signal, life]) })) yield batch
    if (!options.signal.aborted) throw life.reason as Fault
  }
}

interface Link {
  /** Of each call. */
  delayMs: number
  isCut: boolean
  readonly storage: Storage
}

interface Replica {
  readonly identity: string
  readonly link: Link
  readonly election: Election
  leadership: Leadership | undefined
}

const isSure = ({ leadership }: Replica): boolean => leadership?.isConfirmed() === true

class Room implements Disposable {
  readonly clock = new VirtualClock()
  readonly storage = new Rewindable(this.clock)
  readonly #over = new AbortController()
  readonly #replicas: Replica[] = []
  overlaps = 0

  start(identity: string): Replica {
    const link = this.storage.link()
    const election = createElection({ storage: link.storage, clock: this.clock, log: silentLog, name: 'test', candidate: { identity, address: identity, machine: identity }, ttlMs: TTL_MS })
    const replica: Replica = { identity, link, election, leadership: undefined }
    this.#replicas.push(replica)
    void election.run(this.#over.signal)
    void this.#live(replica)
    return replica
  }

  async #live(replica: Replica): Promise<void> {
    while (!this.#over.signal.aborted) {
      const leadership = await replica.election.campaign(this.#over.signal).catch(() => undefined)
      if (!leadership) return
      replica.leadership = leadership
      await new Promise((resolve) => leadership.signal.addEventListener('abort', resolve, { once: true }))
    }
  }

  sure(): readonly string[] {
    return this.#replicas.filter(isSure).map(({ identity }) => identity)
  }

  async advance(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += 10) {
      await this.clock.advance(10)
      if (this.sure().length > 1) this.overlaps++
    }
  }

  [Symbol.dispose](): void {
    this.#over.abort()
  }
}

const ways = [
  { watches: 'told' },
  { watches: 'broken' },
  { watches: 'broken', others: 500 },
  { watches: 'silent' },
  { watches: 'silent', others: 500 },
] as const

test.each(ways)('under all that live: one leads again after the longest lease, and nobody runs in circles meanwhile (%o)', async (way) => {
  using room = new Room()
  room.start('a')
  await room.advance(500)
  for (const identity of ['b', 'c']) room.start(identity)
  await room.advance(3 * TTL_MS)
  const mark = room.storage.mark()
  await room.advance(3 * TTL_MS)
  expect(room.sure()).toEqual(['a'])
  await room.storage.putBack(mark, way)
  const before = room.storage.writes
  await room.advance(LONGEST_MS + 3 * TTL_MS)
  expect([room.sure().length, room.overlaps]).toEqual([1, 0])
  expect(room.storage.writes - before).toBeLessThan(150)
  await room.advance(5 * TTL_MS)
  expect([room.sure().length, room.overlaps]).toEqual([1, 0])
})

test.each(ways)('the leader died with it: another follows (%o)', async (way) => {
  using room = new Room()
  const a = room.start('a')
  await room.advance(500)
  for (const identity of ['b', 'c']) room.start(identity)
  await room.advance(3 * TTL_MS)
  const mark = room.storage.mark()
  await room.advance(3 * TTL_MS)
  a.link.isCut = true
  await room.storage.putBack(mark, way)
  await room.advance(LONGEST_MS + 4 * TTL_MS)
  expect([room.sure().length, a.leadership?.isConfirmed(), room.overlaps]).toEqual([1, false, 0])
})

test.each(['told', 'broken', 'silent'] as const)('one that led then has the key again, and does not lead for it while the leader of now believes to (watches %s)', async (watches) => {
  using room = new Room()
  const a = room.start('a')
  await room.advance(500)
  const b = room.start('b')
  await room.advance(3 * TTL_MS)
  const mark = room.storage.mark()
  void a.leadership?.resign()
  await room.advance(2 * TTL_MS)
  // Whoever leads now does so with a long lease, and is cut off when the storage is put back.
  const [leader, other] = isSure(a) ? [a, b] : [b, a]
  for (const delayMs of [300, 600, 1_000, 1_500]) {
    leader.link.delayMs = delayMs
    await room.advance(3 * TTL_MS)
  }
  await room.advance(20 * TTL_MS)
  expect(room.sure()).toEqual([leader.identity])
  leader.link.isCut = true
  await room.storage.putBack(mark, { watches })
  await room.advance(LONGEST_MS / 8)
  expect(isSure(leader)).toBe(true)
  // Who is told nothing finds out when it would remove the key, a lease later.
  await room.advance(2 * LONGEST_MS)
  expect([room.sure(), room.overlaps]).toEqual([[other.identity], 0])
})
