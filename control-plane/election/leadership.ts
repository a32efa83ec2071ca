import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Guard, Storage } from '../storage/port.ts'
import type { Candidate, Leadership } from './port.ts'
import { candidateKey, candidatesPrefix, electionPrefix, formatRecord, isSame, parseRecord } from './record.ts'
import { within } from './within.ts'

export interface LeadershipOptions {
  /** Of the election. */
  readonly name: string
  readonly candidate: Candidate
  readonly guard: Guard
  /** When the write that made the key was sent. */
  readonly sentAtMs: number
  readonly storage: Storage
  readonly clock: Clock
  readonly log: Log
  readonly ttlMs: number
}

/** Renewals in the life of a lease, and how soon one that failed is tried again, as a part of it. */
const RENEWALS = 4
const RETRIES = 20
/** After so many renewals it is looked whether the others are still there: whoever is registers again, whoever is dead does not. */
export const ROLL_CALL = 40
/** A leader's belief ends this part of the lease earlier than the others' patience: clocks may run at rates that differ by as much. */
export const DRIFT = 0.05

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
  #confirmedAtMs: number
  #renewals = 0
  /** Nobody is registered, when it was last looked: at first that is looked at. */
  #isAlone = true
  #resigned: Promise<void> | undefined

  constructor(options: LeadershipOptions) {
    this.#options = options
    this.identity = options.candidate.identity
    this.address = options.candidate.address
    this.guard = options.guard
    this.#confirmedAtMs = options.sentAtMs
  }

  get signal(): AbortSignal {
    return this.#over.signal
  }

  confirmedAtMs(): number {
    return this.#confirmedAtMs
  }

  confirmedUntilMs(): number {
    return this.#confirmedAtMs + this.#options.ttlMs * (1 - DRIFT)
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
    const { storage, clock, ttlMs, log } = this.#options
    if (this.signal.aborted) return
    this.#end('it resigned')
    try {
      await within(clock, ttlMs, (signal) => storage.write({ kind: 'delete', key: this.guard.key, expect: { kind: 'any' }, guard: this.guard }, signal))
    } catch (error) {
      log.info({ identity: this.identity, err: messageOf(error) }, 'the leader key stays until it has outlived its lease')
    }
  }

  /**
   * While others wait for it to fall silent each renewal is a write that carries the leader's own guard: it succeeds if and only if the key is the one that was won, however late it comes and whatever
   * became of the renewals before it. So after an outage of the storage the leadership goes on where nobody else has taken it. While nobody waits a look is
   * enough: who comes after it will wait for a lease (see {@link Registration}).
   *
   * One that takes long does not keep the next waiting, nor is it given up for it: whichever answers confirms from when it was sent itself. So a storage that takes most of a
   * lease for each write, or a part of it that hangs, leaves the leader certain.
   */
  async renew(): Promise<void> {
    const { clock, ttlMs } = this.#options
    const periodMs = ttlMs / RENEWALS
    for (let waitMs = periodMs; await this.#waited(waitMs); ) {
      const sentAtMs = clock.monotonicMs()
      const outcome = await this.#firstOf(this.#attempt(sentAtMs), periodMs)
      waitMs = outcome === 'failed' ? ttlMs / RETRIES : Math.max(0, sentAtMs + periodMs - clock.monotonicMs())
    }
  }

  async #attempt(sentAtMs: number): Promise<'renewed' | 'failed'> {
    const { clock, ttlMs, log } = this.#options
    try {
      // What takes longer than the lease would confirm nothing.
      if (!(await within(clock, ttlMs, (signal) => this.#isStillLeading(signal)))) {
        this.#end('its key is gone')
        return 'failed'
      }
    } catch (error) {
      log.debug({ identity: this.identity, err: messageOf(error) }, 'the leader key was not renewed')
      return 'failed'
    }
    if (sentAtMs <= this.#confirmedAtMs || this.signal.aborted) return 'renewed'
    this.#confirmedAtMs = sentAtMs
    for (const listener of this.#listeners) listener(this.confirmedUntilMs())
    return 'renewed'
  }

  #firstOf(attempt: Promise<'renewed' | 'failed'>, ms: number): Promise<'renewed' | 'failed' | 'pending'> {
    const late = Promise.withResolvers<'pending'>()
    const cancel = this.#options.clock.after(ms, () => late.resolve('pending'))
    return Promise.race([attempt, late.promise]).finally(cancel)
  }

  async #isStillLeading(signal: AbortSignal): Promise<boolean> {
    const { storage, candidate } = this.#options
    this.#renewals++
    if (this.#renewals % ROLL_CALL === 0) await this.#callTheRoll(signal)
    if (this.#isAlone) {
      const { entries } = await storage.list(electionPrefix(this.#options.name), { signal })
      const own = entries.find(({ key }) => key === this.guard.key)
      const holder = own && parseRecord(own)
      if (!holder || !isSame(holder, candidate)) return false
      this.#isAlone = !entries.some(({ key }) => this.#isOthers(key))
      if (this.#isAlone) return true
    }
    const result = await storage.write({ kind: 'put', key: this.guard.key, value: formatRecord(candidate, this.#renewals), expect: { kind: 'any' }, guard: this.guard }, signal)
    return result.kind === 'committed'
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
