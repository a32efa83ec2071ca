import { backoffMs, type BackoffPolicy } from '../../shared/kit/backoff.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Guard, Storage } from '../storage/port.ts'
import { modRevisionOf } from '../storage/storage.ts'
import { holdLeadership } from './leadership.ts'
import { Observer, type Sighting } from './observer.ts'
import { DEFAULT_TTL_MS, longestMs, Pace } from './pace.ts'
import type { Candidate, Election, Leader, Leadership } from './port.ts'
import { Pulse } from './pulse.ts'
import { candidateKey, electionPrefix, formatRecord, isSame, leaderKey, parseRecord } from './record.ts'
import { Registration } from './registration.ts'
import { timed } from './within.ts'

export interface ElectionOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly log: Log
  /** What is led: `control-plane`. */
  readonly name: string
  readonly candidate: Candidate
  /** How long a leader that is not heard of keeps the others waiting; 0.8 s by default. */
  readonly ttlMs?: number | undefined
  /** Of everything below {@link electionPrefix}; one of its own unless given. Run by the election in any case. */
  readonly observer?: Observer | undefined
}

/** For how long the storage must have answered before anybody is removed, as a part of the lease: longer than a leader waits between two tries. */
const STEADY = 0.3
/** When that is looked at, before the lease is over: what lives has renewed by then. */
const WATCHFUL = 0.45
const RETRY: BackoffPolicy = { baseMs: 20, capMs: 500, factor: 2 }

export function createElection(options: ElectionOptions): Election {
  return new KeyElection({ ...options, ttlMs: options.ttlMs ?? DEFAULT_TTL_MS })
}

class KeyElection implements Election {
  readonly #options: ElectionOptions & { readonly ttlMs: number }
  readonly #key: string
  readonly #observer: Observer
  readonly #registration: Registration
  readonly #pace: Pace
  readonly #pulse: Pulse
  /** Of the leader before, as last seen: whoever follows begins with no less, for the storage is the same. */
  #formerLeaseMs = 0

  constructor(options: ElectionOptions & { readonly ttlMs: number }) {
    this.#options = options
    this.#key = leaderKey(options.name)
    this.#observer = options.observer ?? new Observer({ ...options, prefix: electionPrefix(options.name) })
    this.#pace = new Pace(options.ttlMs)
    this.#pulse = new Pulse({ clock: options.clock, ask: (signal) => this.#look(signal), patienceMs: () => this.#pace.patienceMs() })
    this.#registration = new Registration({ ...options, pace: this.#pace, observer: this.#observer, key: candidateKey(options.name, options.candidate) })
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#observer.run(signal)
  }

  leaseMs(): number {
    const seen = this.#observer.find(this.#key)
    return Math.max(this.#pace.leaseMs(), seen ? this.#leaseMsOf(seen) : 0)
  }

  leader(): Leader | undefined {
    const seen = this.#observer.find(this.#key)
    return seen && parseRecord(seen.entry)
  }

  onChange(listener: () => void): () => void {
    return this.#observer.onChange(listener)
  }

  /** Tries before it has looked: most often nobody leads yet, or the one before on this machine does, and one write or three are all it takes. */
  async campaign(signal: AbortSignal): Promise<Leadership> {
    const { clock, log, name, candidate } = this.#options
    for (let failures = 0; !signal.aborted; ) {
      try {
        if (this.#beliefsLeftMs() > 0) {
          await this.#outlastBeliefs(signal)
          continue
        }
        const won = await this.#tryToLead()
        if (won && signal.aborted) await won.resign()
        else if (won) {
          void this.#registration.drop()
          return won
        }
        failures = 0
        await this.#untilFree(signal)
      } catch (error) {
        if (signal.aborted) break
        log.debug({ election: name, err: messageOf(error) }, 'cannot campaign now')
        await sleep(clock, backoffMs(RETRY, ++failures), signal).catch(() => {})
      }
    }
    await this.#registration.drop()
    throw new Fault('cancelled', `${candidate.identity} does not want to lead any more`, { cause: signal.reason })
  }

  async #tryToLead(): Promise<Leadership | undefined> {
    const { storage, clock, candidate, ttlMs, log, name } = this.#options
    const sentAtMs = clock.monotonicMs()
    const known = this.#observer.find(this.#key)
    const leaseMs = Math.max(this.#pace.leaseMs(), this.#formerLeaseMs)
    const result = await timed(clock, this.#pace, (signal) => storage.write({ kind: 'put', key: this.#key, value: formatRecord(candidate, { renewals: 0, leaseMs }), expect: { kind: 'absent' } }, signal))
    if (result.kind !== 'committed') {
      this.#observer.note(this.#key, result.kind === 'conflict' ? result.current : undefined, known)
      return undefined
    }
    const guard = { key: this.#key, createRevision: modRevisionOf(result.revision) }
    log.info({ election: name, identity: candidate.identity, createRevision: guard.createRevision }, 'leading')
    return holdLeadership({ name, candidate, guard, made: { sentAtMs, revision: result.revision, leaseMs }, storage, clock, log, ttlMs, pace: this.#pace, onPutBack: () => this.#observer.putBack() })
  }

  /** Returns when the key is gone, taken away by this process if need be. */
  async #untilFree(signal: AbortSignal): Promise<void> {
    for (let seen = this.#observer.find(this.#key); seen && !signal.aborted; seen = this.#observer.find(this.#key)) {
      if (this.#beliefsLeftMs() > 0) {
        await this.#outlastBeliefs(signal)
        continue
      }
      if (this.#isOwn(seen)) {
        await this.#remove(seen)
        continue
      }
      const { guard, sinceMs } = await this.#registration.hold()
      this.#formerLeaseMs = this.#leaseMsOf(seen)
      const waitMs = this.#patienceMs(Math.max(seen.seenMs, sinceMs), this.#formerLeaseMs)
      if (waitMs > 0) await this.#changeWithin(waitMs, signal)
      else await this.#remove(seen, guard)
    }
  }

  /**
   * How long there is nothing to do but look again: until a lease after the key was seen, and until the storage has been seen to work for long enough. One that was away kept the leader from
   * renewing too: it gets the time for it, so that an outage changes no leader that lives. One that comes and goes, and was never away for long, keeps nobody waiting for more than the longest lease: a removal is as safe then
   * as it ever is.
   */
  #patienceMs(sinceMs: number, leaseMs: number): number {
    const { clock, ttlMs } = this.#options
    const silenceMs = sinceMs + leaseMs - clock.monotonicMs()
    if (silenceMs > leaseMs * WATCHFUL) return silenceMs - leaseMs * WATCHFUL
    const untilNextMs = this.#pulse.take(leaseMs)
    const unsteadyMs = leaseMs * STEADY - this.#pulse.steadyMs(leaseMs)
    const unheardMs = longestMs(ttlMs) - Math.min(this.#pulse.heardMs(leaseMs), clock.monotonicMs() - sinceMs)
    const leftMs = Math.max(silenceMs, Math.min(unsteadyMs, unheardMs))
    return leftMs > 0 ? Math.min(leftMs, untilNextMs) : 0
  }

  async #look(signal: AbortSignal): Promise<void> {
    const known = this.#observer.find(this.#key)
    const { putBackMs } = this.#observer
    const entry = await this.#options.storage.get(this.#key, signal)
    // Of what stood there before the storage was put back.
    if (putBackMs !== this.#observer.putBackMs) return
    // What is gone now may have been followed while the answer was on its way.
    if (entry || known === this.#observer.find(this.#key)) this.#observer.note(this.#key, entry, known)
  }

  /**
   * Where the storage was put back to an older state its keys say nothing of who leads: nobody is followed, this process's own leadership neither, before the longest lease is over, and with it whatever
   * anybody believes by what stood there before. No more than zero where there is nothing to wait for.
   */
  #beliefsLeftMs(): number {
    const { clock, ttlMs } = this.#options
    return this.#observer.putBackMs + longestMs(ttlMs) - clock.monotonicMs()
  }

  async #outlastBeliefs(signal: AbortSignal): Promise<void> {
    await sleep(this.#options.clock, this.#beliefsLeftMs(), signal).catch(() => {})
  }

  /** How long this version of the key is left alone; never less than this process would ask for itself. */
  #leaseMsOf({ entry }: Sighting): number {
    return Math.max(this.#options.ttlMs, parseRecord(entry)?.leaseMs ?? 0)
  }

  /** Of a process before this one, or of a write of this one that seemed to have failed. */
  #isOwn({ entry }: Sighting): boolean {
    const holder = parseRecord(entry)
    return holder !== undefined && isSame(holder, this.#options.candidate)
  }

  #changeWithin(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        stop()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.#options.clock.after(ms, done)
      const stop = this.#observer.onChange(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }

  /** Only as it was seen: a renewal that came meanwhile saves it. */
  async #remove(seen: Sighting, guard?: Guard): Promise<void> {
    const { entry, seenMs } = seen
    const { storage, clock, log, candidate } = this.#options
    const result = await timed(clock, this.#pace, (signal) => storage.write({ kind: 'delete', key: this.#key, expect: { kind: 'revision', revision: entry.revision }, guard }, signal))
    if (result.kind === 'deposed') return this.#registration.lost()
    if (result.kind === 'committed') log.info({ identity: candidate.identity, holder: parseRecord(entry)?.identity, silentMs: Math.round(clock.monotonicMs() - seenMs) }, 'the leader before is gone')
    this.#observer.note(this.#key, result.kind === 'conflict' ? result.current : undefined, seen)
  }
}
