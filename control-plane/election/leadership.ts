import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Guard, Storage } from '../storage/port.ts'
import type { Candidate, Leadership } from './port.ts'
import { formatRecord } from './record.ts'
import { within } from './within.ts'

export interface LeadershipOptions {
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
   * Each renewal is a write that carries the leader's own guard: it succeeds if and only if the key is the one that was won, however late it comes and whatever
   * became of the renewals before it. So after an outage of the storage the leadership goes on where nobody else has taken it.
   */
  async renew(): Promise<void> {
    const { clock, storage, candidate, ttlMs, log } = this.#options
    for (let waitMs = ttlMs / RENEWALS; await this.#waited(waitMs); ) {
      const sentAtMs = clock.monotonicMs()
      const value = formatRecord(candidate, ++this.#renewals)
      try {
        // One that takes longer than the lease would confirm nothing.
        const result = await within(clock, ttlMs, (signal) => storage.write({ kind: 'put', key: this.guard.key, value, expect: { kind: 'any' }, guard: this.guard }, signal))
        if (result.kind !== 'committed') return this.#end('its key is gone')
        this.#confirmedAtMs = sentAtMs
        for (const listener of this.#listeners) listener(this.confirmedUntilMs())
        waitMs = Math.max(0, sentAtMs + ttlMs / RENEWALS - clock.monotonicMs())
      } catch (error) {
        log.debug({ identity: this.identity, err: messageOf(error) }, 'the leader key was not renewed')
        waitMs = ttlMs / RETRIES
      }
    }
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
