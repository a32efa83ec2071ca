import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { modRevisionOf } from '../storage/storage.ts'
import type { Guard, Storage } from '../storage/port.ts'
import type { Observer } from './observer.ts'
import type { Pace } from './pace.ts'
import { timed, within } from './within.ts'

export interface RegistrationOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly observer: Observer
  readonly key: string
  readonly pace: Pace
}

/**
 * Says that somebody waits for the leader to fall silent. Only a removal that carries {@link guard} may take the leader's key, and only a lease after
 * {@link sinceMs}: so a leader that reads that nobody is registered is as sure of itself as after a renewal.
 */
export class Registration {
  readonly #options: RegistrationOptions
  #held: { readonly guard: Guard; readonly sinceMs: number } | undefined
  #wasSeen = false

  constructor(options: RegistrationOptions) {
    this.#options = options
  }

  /** Registers, unless that has been done and still holds as far as is known. Throws what the storage throws. */
  async hold(): Promise<{ readonly guard: Guard; readonly sinceMs: number }> {
    const { storage, clock, observer, key, pace } = this.#options
    const isThere = observer.find(key) !== undefined
    if (this.#wasSeen && !isThere) this.lost()
    this.#wasSeen ||= isThere
    if (this.#held) return this.#held
    // One of a process before this one says nothing about this one.
    await timed(clock, pace, (signal) => storage.write({ kind: 'delete', key, expect: { kind: 'any' } }, signal))
    const result = await timed(clock, pace, (signal) => storage.write({ kind: 'put', key, value: '{}', expect: { kind: 'absent' } }, signal))
    if (result.kind !== 'committed') throw new Fault('conflict', 'a registration of before came in between')
    this.#wasSeen = false
    this.#held = { guard: { key, createRevision: modRevisionOf(result.revision) }, sinceMs: clock.monotonicMs() }
    return this.#held
  }

  /** It does not hold any more. */
  lost(): void {
    this.#held = undefined
    this.#wasSeen = false
  }

  /** Takes it back. Best effort: one that stays costs the leader some writes. */
  async drop(): Promise<void> {
    const { storage, clock, key, pace } = this.#options
    if (!this.#held) return
    this.lost()
    await within(clock, pace.patienceMs(), (signal) => storage.write({ kind: 'delete', key, expect: { kind: 'any' } }, signal)).catch(() => {})
  }
}
