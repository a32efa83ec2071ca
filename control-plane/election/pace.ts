/** Of how many writes the time is remembered. */
const REMEMBERED = 4
/** A lease is so many times as long as a write takes: one renewal is under way while the next is sent, and one may be late. */
const WRITES = 3
/** An answer that has not come after this part of a quick storage's lease, or twice the time of a write where that is more, may be lost. */
const LATE = 0.1
/** The longest lease, in leases of a quick storage: whoever takes over after a leader's death waits for as long. */
export const LONGEST = 10

/** A lease over a quick storage, unless another is asked for. */
export const DEFAULT_TTL_MS = 800

/** No answer of the storage is waited for any longer. */
export const longestMs = (ttlMs: number): number => ttlMs * LONGEST

/**
 * How long a lease has to be for a leader to be certain of itself over this storage: as long as asked for where a write takes milliseconds, three times the time of a write where its disks are
 * slow. One write that was late says nothing, the first of all neither (a process that has just begun is slow itself); the second of the last four does.
 */
export class Pace {
  readonly #ttlMs: number
  readonly #tookMs: number[] = []

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs
  }

  /** A write has taken so long, or at least so long. */
  note(tookMs: number): void {
    this.#tookMs.push(tookMs)
    if (this.#tookMs.length > REMEMBERED) this.#tookMs.shift()
  }

  /** Whole milliseconds. */
  leaseMs(): number {
    return Math.min(Math.max(this.#ttlMs, Math.ceil(this.#writeMs() * WRITES)), longestMs(this.#ttlMs))
  }

  /** When to send again what is not answered, if sending it twice does no harm. */
  lateMs(): number {
    return Math.max(this.#ttlMs * LATE, 2 * this.#writeMs())
  }

  /** How long an answer of the storage is worth waiting for; whoever waited in vain waits longer the next time. */
  patienceMs(): number {
    const leaseMs = this.leaseMs()
    return leaseMs > this.#ttlMs ? Math.min(leaseMs * 2, longestMs(this.#ttlMs)) : leaseMs
  }

  /** What a write takes: the second longest of those that are remembered. */
  #writeMs(): number {
    const [, second = 0] = this.#tookMs.toSorted((a, b) => b - a)
    return second
  }
}
