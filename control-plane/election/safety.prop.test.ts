/** Elections under everything that can happen to a process and its storage: many seeds, virtual time. */
import { expect, test } from 'vitest'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { seededRandom, type Random } from '../../shared/kit/random.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import { createMemoryStorage } from '../storage/storage.ts'
import type { Storage } from '../storage/port.ts'
import { createElection } from './candidate.ts'
import { ROLL_CALL } from './leadership.ts'
import { LONGEST } from './pace.ts'
import type { Leadership } from './port.ts'

const TTL_MS = 1_000

interface Weather {
  failures: number
  lostAnswers: number
  brokenWatches: number
  maxDelayMs: number
  /** The part of all calls that take up to five seconds each way. */
  stragglers: number
  /** Of calls that are lost: nothing happens, and that is found out a lease later. */
  losses: number
}

/** A process: its clock starts anywhere and runs a little faster or slower than the true one, and it may stand still for a while. */
class Process {
  readonly clock: Clock
  readonly storage: Storage
  leadership: Leadership | undefined
  terms = 0
  #pausedUntilMs = 0
  readonly #true: Clock
  readonly #rate: number
  readonly #offsetMs: number

  constructor(truth: Clock, random: Random, { real, weather }: { readonly real: Storage; readonly weather: Weather }) {
    this.#true = truth
    this.#rate = 1 + (random.next() - 0.5) * 0.04
    this.#offsetMs = random.next() * 1e9
    const after = (delayMs: number, run: () => void): (() => void) => {
      let cancel = (): void => {}
      const fire = (): void => {
        const leftMs = this.#pausedUntilMs - truth.monotonicMs()
        if (leftMs > 0) cancel = truth.after(leftMs, fire)
        else run()
      }
      cancel = truth.after(delayMs / this.#rate, fire)
      return () => cancel()
    }
    this.clock = { nowMs: () => truth.nowMs() + this.#offsetMs, monotonicMs: () => truth.monotonicMs() * this.#rate + this.#offsetMs, after }
    this.storage = this.#over(real, { random, weather })
  }

  pause(ms: number): void {
    this.#pausedUntilMs = this.#true.monotonicMs() + ms
  }

  /** Requests travel while the process stands still; what it hears of them waits. */
  #over(real: Storage, { random, weather }: { readonly random: Random; readonly weather: Weather }): Storage {
    const travel = (): Promise<void> => sleep(this.#true, random.next() * (random.next() < weather.stragglers ? 5_000 : weather.maxDelayMs))
    const call = async <T>(work: () => Promise<T>): Promise<T> => {
      await travel()
      const fate = random.next()
      if (fate < weather.losses) {
        await sleep(this.clock, TTL_MS)
        throw new Fault('timeout', 'no answer')
      }
      if (fate < weather.failures) throw new Fault('unavailable', 'nothing happened')
      const answer = await work()
      await travel()
      await sleep(this.clock, 0)
      if (fate > 1 - weather.lostAnswers) throw new Fault('unavailable', 'it happened, and the answer is lost')
      return answer
    }
    const { clock } = this
    return {
      get: (key) => call(() => real.get(key)),
      list: (prefix) => call(() => real.list(prefix)),
      write: (write) => call(() => real.write(write)),
      currentRevision: () => call(() => real.currentRevision()),
      compact: (revision) => real.compact(revision),
      async *watch(prefix, options) {
        for await (const batch of real.watch(prefix, options)) {
          await travel()
          await sleep(clock, 0)
          if (random.next() < weather.brokenWatches) throw new Fault('unavailable', 'the watch broke')
          yield batch
        }
      },
      [Symbol.asyncDispose]: async () => {},
    }
  }
}

/** Leads whenever it can, resigns now and then. */
async function live(process: Process, identity: string, { signal, random, isCalm }: { readonly signal: AbortSignal; readonly random: Random; readonly isCalm: () => boolean }): Promise<void> {
  const election = createElection({ storage: process.storage, clock: process.clock, log: silentLog, name: 'test', candidate: { identity, address: identity, machine: identity }, ttlMs: TTL_MS })
  void election.run(signal)
  while (!signal.aborted) {
    const leadership = await election.campaign(signal).catch(() => undefined)
    if (!leadership) return
    process.leadership = leadership
    process.terms++
    if (random.next() < 0.3) process.clock.after(random.next() * 5_000, () => void (isCalm() || leadership.resign()))
    await new Promise((resolve) => leadership.signal.addEventListener('abort', resolve, { once: true }))
    process.leadership = undefined
  }
}

async function run(seed: number): Promise<{ readonly overlaps: readonly string[]; readonly deposedWrites: number; readonly leadersAtEnd: number; readonly terms: number }> {
  const truth = new VirtualClock()
  const random = seededRandom(seed)
  const real = createMemoryStorage()
  const replicas = random.next() < 0.5 ? 2 : 3
  const pauses = random.next() * 0.06
  const weather: Weather = { failures: random.next() * (random.next() < 0.3 ? 0.8 : 0.3), losses: 0, lostAnswers: random.next() * 0.2, brokenWatches: random.next() * 0.05, maxDelayMs: 20, stragglers: random.next() < 0.5 ? 0 : random.next() * 0.4 }
  const changes = random.next() * 0.05
  const processes = Array.from({ length: replicas }, () => new Process(truth, random, { real, weather }))
  const stop = new AbortController()
  let isCalm = false
  processes.forEach((process, index) => void live(process, `replica-${index}`, { signal: stop.signal, random, isCalm: () => isCalm }))
  const overlaps: string[] = []
  let deposedWrites = 0
  const look = async (): Promise<void> => {
    const confirmed = processes.filter(({ leadership }) => leadership?.isConfirmed())
    if (confirmed.length > 1) overlaps.push(`${truth.monotonicMs()}: ${confirmed.map(({ leadership }) => leadership?.identity).join(' and ')}`)
    // Whoever believes itself leader writes; of all those writes only the true leader's land.
    const believers = processes.flatMap(({ leadership }) => (leadership ? [leadership] : []))
    const landed = await Promise.all(believers.map(async ({ guard }) => (await real.write({ kind: 'put', key: '/gantry/x/y', value: '{}', expect: { kind: 'any' }, guard })).kind === 'committed'))
    if (landed.filter(Boolean).length > 1) deposedWrites++
  }
  for (let passedMs = 0; passedMs < 30_000; passedMs += 50) {
    if (passedMs === 0 || random.next() < changes) weather.maxDelayMs = [20, 20, 700, 2_500][Math.floor(random.next() * 4)] ?? 20
    if (random.next() < pauses) processes[Math.floor(random.next() * replicas)]?.pause(random.next() * 4_000)
    await truth.advance(50)
    await look()
  }
  Object.assign(weather, { failures: 0, losses: 0, lostAnswers: 0, brokenWatches: 0, maxDelayMs: 5, stragglers: 0 } satisfies Weather)
  isCalm = true
  // The longest pause, then the longest lease, and some time to find out.
  await truth.advance(4_000 + (LONGEST + 2) * TTL_MS)
  const leadersAtEnd = processes.filter(({ leadership }) => leadership?.isConfirmed()).length
  const terms = processes.reduce((sum, process) => sum + process.terms, 0)
  stop.abort()
  return { overlaps, deposedWrites, leadersAtEnd, terms }
}

test('safety: never two confirmed leaders, never two whose writes land; liveness: one leads when all is calm', async () => {
  let terms = 0
  for (let seed = 1; seed <= 200; seed++) {
    const { terms: had, ...result } = await run(seed)
    terms += had
    expect({ seed, ...result }).toEqual({ seed, overlaps: [], deposedWrites: 0, leadersAtEnd: 1 })
  }
  expect(terms).toBeGreaterThan(350)
}, 60_000)

test('one that was struck off the list while it stood still does not act on what it saw before', async () => {
  const truth = new VirtualClock()
  const random = seededRandom(7)
  const real = createMemoryStorage()
  const calm: Weather = { failures: 0, losses: 0, lostAnswers: 0, brokenWatches: 0, maxDelayMs: 2, stragglers: 0 }
  // It learns by lists alone, so that nothing tells it in time what happened meanwhile.
  const [leader, sleeper] = [new Process(truth, random, { real, weather: calm }), new Process(truth, random, { real, weather: { ...calm, brokenWatches: 1 } })]
  const stop = new AbortController()
  const always = { signal: stop.signal, random, isCalm: () => true }
  void live(leader, 'a', always)
  await truth.advance(100)
  void live(sleeper, 'b', always)
  const written = async (): Promise<number> => (await real.get('/gantry-election/test/leader'))?.revision ?? 0
  let overlaps = 0
  let renewals = -1
  for (let [before, untilMs] = [0, Number.POSITIVE_INFINITY]; truth.monotonicMs() < Math.min(30_000, untilMs); ) {
    const now = await written()
    if (now !== before) [before, renewals] = [now, renewals + 1]
    // It falls asleep after the last renewal, and wakes long after the leader has called the roll and, being alone, only looks.
    if (renewals === ROLL_CALL - 1 && untilMs === Number.POSITIVE_INFINITY) {
      await truth.advance(200)
      sleeper.pause(2 * TTL_MS)
      untilMs = truth.monotonicMs() + 5 * TTL_MS
    }
    await truth.advance(10)
    if (leader.leadership?.isConfirmed() && sleeper.leadership?.isConfirmed()) overlaps++
  }
  stop.abort()
  expect([overlaps, leader.terms, sleeper.terms]).toEqual([0, 1, 0])
})

/** Many more where many seeds are asked for. */
const OUTAGES = Number(process.env['GANTRY_SIM_SEEDS'] ?? 0) >= 1_000 ? 60 : 12

interface Outages {
  readonly kind: 'failures' | 'losses'
  readonly count: number
  /** In leases of a quick storage. */
  readonly shortest: number
  readonly longest: number
  /** Each way. */
  readonly maxDelayMs: number
  /** Between two of them. */
  readonly calmMs: number
  /** It comes back so often for a moment; not at all by default. */
  readonly flickers?: number
}

/** How long it is back at most when it flickers, in leases. */
const FLICKER = 0.35

const OFTEN = { count: OUTAGES, shortest: 0.2, longest: 3.2, maxDelayMs: 5, calmMs: 2 * TTL_MS } as const

/** How often somebody began to lead, and after how many outages nobody was certain of it when the next came. */
async function throughOutages(seed: number, { kind, count, shortest, longest, maxDelayMs, calmMs, flickers = 0 }: Outages): Promise<{ readonly terms: number; readonly uncertain: number }> {
  const truth = new VirtualClock()
  const random = seededRandom(seed)
  const real = createMemoryStorage()
  const weather: Weather = { failures: 0, losses: 0, lostAnswers: 0, brokenWatches: 0, maxDelayMs, stragglers: 0 }
  const processes = Array.from({ length: 3 }, () => new Process(truth, random, { real, weather }))
  const stop = new AbortController()
  processes.forEach((process, index) => void live(process, `replica-${index}`, { signal: stop.signal, random, isCalm: () => true }))
  await truth.advance(calmMs + TTL_MS)
  let uncertain = 0
  for (let outage = 0; outage < count; outage++) {
    for (let flicker = 0; flicker <= flickers; flicker++) {
      if (flicker > 0) await truth.advance(TTL_MS * FLICKER * random.next())
      weather[kind] = 1
      await truth.advance(TTL_MS * (shortest + random.next() * (longest - shortest)))
      weather[kind] = 0
    }
    await truth.advance(calmMs)
    if (!processes.some(({ leadership }) => leadership?.isConfirmed())) uncertain++
  }
  stop.abort()
  return { terms: processes.reduce((sum, { terms }) => sum + terms, 0), uncertain }
}

test.each(['failures', 'losses'] as const)('an outage of the storage, for all, changes no leader that lives (%s)', async (kind) => {
  for (let seed = 1; seed <= 40; seed++) expect({ seed, ...(await throughOutages(seed, { ...OFTEN, kind })) }).toEqual({ seed, terms: 1, uncertain: 0 })
}, 120_000)

test.each([
  { kind: 'failures', maxDelayMs: 5 },
  { kind: 'losses', maxDelayMs: 5 },
  { kind: 'failures', maxDelayMs: 500 },
  { kind: 'losses', maxDelayMs: 500 },
] as const)('nor does one that is longer than the longest lease, nor any over a storage that is slow (%o)', async (way) => {
  const slow = { ...OFTEN, ...way, calmMs: 8 * TTL_MS }
  for (let seed = 1; seed <= 8; seed++) {
    const often = await throughOutages(seed, slow)
    const long = await throughOutages(seed, { ...slow, count: 3, shortest: LONGEST, longest: 2 * LONGEST })
    expect([seed, often.terms, long.terms]).toEqual([seed, 1, 1])
  }
}, 120_000)

test.each([
  { kind: 'losses', shortest: 0.05, longest: 0.45 },
  { kind: 'losses', shortest: 0.2, longest: 0.9 },
  { kind: 'failures', shortest: 0.02, longest: 0.3 },
] as const)('nor does one that comes and goes several times within a lease (%o)', async (way) => {
  for (let seed = 1; seed <= 20; seed++) expect({ seed, ...(await throughOutages(seed, { ...OFTEN, ...way, flickers: 5 })) }).toEqual({ seed, terms: 1, uncertain: 0 })
}, 120_000)
