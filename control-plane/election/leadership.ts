import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Entry, Guard, Revision, Storage } from '../storage/port.ts'
import type { Pace } from './pace.ts'
import type { Candidate, Leadership } from './port.ts'
import { candidateKey, candidatesPrefix, electionPrefix, formatRecord, isSame, parseRecord } from './record.ts'
import { Renewals, type Attempt } from './renewals.ts'
import { within } from './within.ts'

export interface LeadershipOptions {
  /** Of the election. */
  readonly name: string
  readonly candidate: Candidate
  readonly guard: Guard
  /** The key as it was made: when the write was sent, what it came to, and what it promised. */
  readonly made: { readonly sentAtMs: number; readonly revision: number; readonly leaseMs: number }
  readonly storage: Storage
  readonly clock: Clock
  readonly log: Log
  /** Of a quick storage. */
  readonly ttlMs: number
  /** How quick it is now. */
  readonly pace: Pace
  /** Called when the key is not what it can be: the storage was put back to an older state. */
  readonly onPutBack: () => void
}

/** Renewals in the life of a lease, and how soon one that failed is tried again, as a part of it. */
const RENEWALS = 4
const RETRIES = 20
/** What is not answered is sent again after this part of the lease that stands in the key at the latest, however slow the storage seems: the others give a leader not much more once it is back. */
const LATEST = 0.15
/** After so many renewals it is looked whether the others are still there: whoever is registers again, whoever is dead does not. */
export const ROLL_CALL = 40
/** A leader's belief ends this part of the lease earlier than the others' patience: clocks may run at rates that differ by as much. */
export const DRIFT = 0.05

/** Nobody else removes the key before, by this process's clock. */
const believedUntilMs = ({ sentAtMs, leaseMs }: Pick<Attempt, 'sentAtMs' | 'leaseMs'>): number => sentAtMs + leaseMs * (1 - DRIFT)

/** Renews the key until the leadership is over. */
export function holdLeadership(options: LeadershipOptions): Leadership {
  const holder = new Holder(options)
  void holder.renew()
  return holder
}

class Holder implements Leadership {
  readonly identity: string
  readonly address: string
  readonly guard: Guard
  readonly #options: LeadershipOptions
  readonly #over = new AbortController()
  readonly #listeners = new Set<(untilMs: number) => void>()
  readonly #standing: Renewals
  #confirmedUntilMs: number
  /** Of the newest write that was answered. */
  #answeredSentMs = Number.NEGATIVE_INFINITY
  #renewals = 0
  #looks = 0
  /** Nobody is registered, when it was last looked: at first that is looked at. */
  #isAlone = true
  #resigned: Promise<void> | undefined

  constructor(options: LeadershipOptions) {
    this.#options = options
    this.identity = options.candidate.identity
    this.address = options.candidate.address
    this.guard = options.guard
    this.#standing = new Renewals(options.made)
    this.#confirmedUntilMs = believedUntilMs(options.made)
  }

  get signal(): AbortSignal {
    return this.#over.signal
  }

  confirmedUntilMs(): number {
    return this.#confirmedUntilMs
  }

  onConfirmed(listener: (untilMs: number) => void): () => void {
    this.#listeners.add(listener)
    listener(this.confirmedUntilMs())
    return () => void this.#listeners.delete(listener)
  }

  isConfirmed(): boolean {
    return !this.signal.aborted && this.#options.clock.monotonicMs() < this.confirmedUntilMs()
  }

  resign(): Promise<void> {
    this.#resigned ??= this.#resign()
    return this.#resigned
  }

  async #resign(): Promise<void> {
    const { storage, clock, pace, log } = this.#options
    if (this.signal.aborted) return
    this.#end('it resigned')
    try {
      await within(clock, pace.patienceMs(), (signal) => storage.write({ kind: 'delete', key: this.guard.key, expect: { kind: 'any' }, guard: this.guard }, signal))
    } catch (error) {
      log.info({ identity: this.identity, err: messageOf(error) }, 'the leader key stays until it has outlived its lease')
    }
  }

  /**
   * While others wait for it to fall silent each renewal is a write over the newest version of the key that is known here, under the leader's own guard. So after an outage of the storage the leadership
   * goes on where nobody else has taken it. While nobody waits a look is enough: who comes after it will wait for a lease (see {@link Registration}).
   *
   * One that takes long does not keep the next waiting, nor is it given up for it: whichever lands confirms from when it was sent itself. So a part of the storage that hangs leaves the leader certain, and
   * what an etcd that was choosing a leader of its own has lost is sent again at once; a storage that is slow as a whole makes the lease longer (see {@link Pace}).
   */
  async renew(): Promise<void> {
    const { clock, ttlMs, pace } = this.#options
    for (let [waitMs, dueMs] = [ttlMs / RENEWALS, clock.monotonicMs() + ttlMs / RENEWALS]; await this.#waited(waitMs); dueMs = clock.monotonicMs() + waitMs) {
      const periodMs = Math.max(ttlMs / RENEWALS, pace.leaseMs() / (2 * RENEWALS))
      const sentAtMs = clock.monotonicMs()
      pace.noteLate(sentAtMs - dueMs, sentAtMs)
      const outcome = await this.#firstOf(this.#attempt(sentAtMs), Math.min(periodMs, pace.lateMs(), this.#standing.leaseMs * LATEST))
      waitMs = outcome === 'failed' ? ttlMs / RETRIES : outcome === 'pending' ? 0 : Math.max(0, sentAtMs + periodMs - clock.monotonicMs())
    }
  }

  async #attempt(sentAtMs: number): Promise<'renewed' | 'failed'> {
    const { clock, log, pace } = this.#options
    const patienceMs = pace.patienceMs()
    try {
      if (await within(clock, patienceMs, (signal) => this.#isStillLeading(sentAtMs, signal))) return 'renewed'
      this.#end('its key is gone')
    } catch (error) {
      // One that was overtaken is lost, with a member of etcd most often: that does not make the others slow.
      if (isFault(error, 'timeout') && sentAtMs >= this.#answeredSentMs) pace.note(patienceMs, sentAtMs)
      log.debug({ identity: this.identity, err: messageOf(error) }, 'the leader key was not renewed')
    }
    return 'failed'
  }

  #confirm(sent: Pick<Attempt, 'sentAtMs' | 'leaseMs'>): void {
    const untilMs = believedUntilMs(sent)
    if (untilMs <= this.#confirmedUntilMs || this.signal.aborted) return
    this.#confirmedUntilMs = untilMs
    for (const listener of this.#listeners) listener(untilMs)
  }

  #firstOf(attempt: Promise<'renewed' | 'failed'>, ms: number): Promise<'renewed' | 'failed' | 'pending'> {
    const late = Promise.withResolvers<'pending'>()
    const cancel = this.#options.clock.after(ms, () => late.resolve('pending'))
    return Promise.race([attempt, late.promise]).finally(cancel)
  }

  async #isStillLeading(sentAtMs: number, signal: AbortSignal): Promise<boolean> {
    this.#looks++
    if (this.#looks % ROLL_CALL === 0) await this.#callTheRoll(signal)
    if (!this.#isAlone) return this.#write(sentAtMs, signal)
    const asked = this.#standing.revision
    const { entries } = await this.#options.storage.list(electionPrefix(this.#options.name), { signal })
    const own = entries.find(({ key }) => key === this.guard.key)
    if (!own || !this.#isOwn(own, asked)) return false
    this.#isAlone = !entries.some(({ key }) => this.#isOthers(key))
    // A lease that is too short, or much longer than it has to be, is written anew all the same.
    const neededMs = this.#options.pace.leaseMs()
    const { leaseMs, revision } = this.#standing
    if (!this.#isAlone || leaseMs < neededMs || leaseMs > 2 * neededMs) return this.#write(this.#options.clock.monotonicMs(), signal)
    if (own.revision === revision) this.#confirm({ sentAtMs, leaseMs: this.#standing.surelyMs() })
    return true
  }

  /** A version of the key that is this leadership's; what stands there confirms from when it was sent. One that was overwritten before belongs to a past that came back: this leadership is none any more. */
  #isOwn(entry: Entry, asked: Revision): boolean {
    const holder = parseRecord(entry)
    if (!holder || !isSame(holder, this.#options.candidate)) return false
    const stands = this.#standing.stands({ revision: entry.revision, renewals: holder.renewals }, asked)
    if (stands === 'impossible') {
      this.#end('its key is as it was long ago: the storage was put back')
      this.#options.onPutBack()
      return false
    }
    if (stands !== 'known') this.#confirm(stands)
    return true
  }

  /** Promises never less than what is believed already. */
  async #write(sentAtMs: number, signal: AbortSignal): Promise<boolean> {
    const { storage, clock, candidate, pace } = this.#options
    const leaseMs = Math.max(pace.leaseMs(), Math.ceil((this.#confirmedUntilMs - sentAtMs) / (1 - DRIFT)))
    const attempt = { renewals: ++this.#renewals, sentAtMs, leaseMs }
    const { revision } = this.#standing
    this.#standing.send(attempt)
    const value = formatRecord(candidate, attempt)
    const result = await storage.write({ kind: 'put', key: this.guard.key, value, expect: { kind: 'revision', revision }, guard: this.guard }, signal)
    // Looks say nothing of it: slow disks answer them at once. What was given up has been noted then.
    if (!signal.aborted) pace.note(clock.monotonicMs() - sentAtMs, sentAtMs)
    this.#answeredSentMs = Math.max(this.#answeredSentMs, sentAtMs)
    if (result.kind === 'deposed') return false
    // Another one landed first: it says which.
    const now = result.kind === 'committed' ? { key: this.guard.key, value, revision: result.revision } : result.current
    return now !== undefined && this.#isOwn(now, revision)
  }

  #isOthers(key: string): boolean {
    const { name, candidate } = this.#options
    return key.startsWith(candidatesPrefix(name)) && key !== candidateKey(name, candidate)
  }

  /** Strikes everybody off the list. The living see it and are on it again in a moment; till they are this leadership lasts a lease longer than otherwise. */
  async #callTheRoll(signal: AbortSignal): Promise<void> {
    const { storage, name } = this.#options
    const { entries } = await storage.list(candidatesPrefix(name), { signal })
    await Promise.all(entries.map(({ key }) => storage.write({ kind: 'delete', key, expect: { kind: 'any' }, guard: this.guard }, signal)))
    this.#isAlone = true
  }

  async #waited(delayMs: number): Promise<boolean> {
    await sleep(this.#options.clock, delayMs, this.signal).catch(() => {})
    return !this.signal.aborted
  }

  #end(why: string): void {
    if (this.signal.aborted) return
    this.#options.log.info({ identity: this.identity, createRevision: this.guard.createRevision }, `not leading any more: ${why}`)
    this.#over.abort(new Fault('deposed', `${this.identity} does not lead any more: ${why}`))
  }
}
