/** Of how many writes the time is remembered, and of how many of them it decides how long a lease is. */
const REMEMBERED = 32
const LATELY = 4
/** A leader on a busy host is late now and then: its lease is longer by as much, by a quarter of a lease at most. */
const MOST_SPARE = 0.25
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
 * How long a lease has to be for a leader to be certain of itself over this storage: as long as asked for where a write takes milliseconds, up to a quarter longer on a host so busy that its writes come back late, or
 * leave late, now and then, three times the time of a write where its disks are slow. That one was late means neither, the first of all neither (a process that has just begun is slow itself, and so is one that has just
 * begun to lead); the second does: of the last four where it is about disks, of the last 32 where it is about the host.
 */
export class Pace {
  readonly #ttlMs: number
  readonly #tookMs: number[] = []
  readonly #lateMs: number[] = []
  /** What those took that were not under way at the same time. */
  readonly #apartMs: number[] = []
  /** When the last of those was answered. */
  #notedMs = Number.NEGATIVE_INFINITY

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs
  }

  /** A write that was sent then has taken so long, or at least so long. */
  note(tookMs: number, sentAtMs: number): void {
    remember(this.#tookMs, tookMs, LATELY)
    // Of those that were under way at the same time one speaks for all: what keeps one waiting, a host that stands still or an etcd that chooses a leader of its own, keeps them all.
    if (sentAtMs < this.#notedMs) return
    this.#notedMs = sentAtMs + tookMs
    remember(this.#apartMs, tookMs, REMEMBERED)
  }

  /** A renewal was sent so much later than it should have been: this process had other things to do, or its host had. */
  noteLate(lateMs: number): void {
    remember(this.#lateMs, lateMs, REMEMBERED)
  }

  /** Whole milliseconds. */
  leaseMs(): number {
    const spareMs = Math.min(Math.max(second(this.#apartMs), second(this.#lateMs)), MOST_SPARE * this.#ttlMs)
    return Math.min(Math.ceil(Math.max(this.#ttlMs + spareMs, this.#writeMs() * WRITES)), longestMs(this.#ttlMs))
  }

  /** When to send again what is not answered, if sending it twice does no harm. */
  lateMs(): number {
    return Math.max(this.#ttlMs * LATE, 2 * this.#writeMs())
  }

  /** How long an answer of the storage is worth waiting for; whoever waited in vain waits longer the next time. */
  patienceMs(): number {
    const leaseMs = this.leaseMs()
    return this.#writeMs() * WRITES > this.#ttlMs ? Math.min(leaseMs * 2, longestMs(this.#ttlMs)) : leaseMs
  }

  /** What a write takes: the second longest of late. */
  #writeMs(): number {
    return second(this.#tookMs)
  }
}

function remember(times: number[], ms: number, most: number): void {
  times.push(ms)
  if (times.length > most) times.shift()
}

/** The second longest. */
const second = (times: readonly number[]): number => times.toSorted((a, b) => b - a)[1] ?? 0
