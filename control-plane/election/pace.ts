/** Of how many writes the time decides how long a lease is. */
const LATELY = 4
/** For how many leases of a quick storage it is remembered how late this process was, or its writes. */
const REMEMBERED = 8
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
 * begun to lead); the second does: of the last four where it is about disks, and where it is about the host, of the last eight leases in which something was sent: all that comes late in one of them has the same reason.
 */
export class Pace {
  readonly #ttlMs: number
  readonly #tookMs: number[] = []
  readonly #waits: Waits
  readonly #delays: Waits

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs
    this.#waits = new Waits(ttlMs)
    this.#delays = new Waits(ttlMs)
  }

  /** A write that was sent then has taken so long, or at least so long. */
  note(tookMs: number, sentAtMs: number): void {
    remember(this.#tookMs, tookMs, LATELY)
    this.#waits.note(tookMs, { fromMs: sentAtMs, toMs: sentAtMs + tookMs })
  }

  /** A renewal was sent then, and so much later than it should have been: this process had other things to do, or its host had. */
  noteLate(lateMs: number, sentAtMs: number): void {
    this.#delays.note(lateMs, { fromMs: sentAtMs, toMs: sentAtMs })
  }

  /** Whole milliseconds. */
  leaseMs(): number {
    const spareMs = Math.min(Math.max(this.#waits.secondMs(), this.#delays.secondMs()), MOST_SPARE * this.#ttlMs)
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

/**
 * The longest waits of late, one for each lease in which there were any: what keeps one waiting, a process that begins, a host that stands still, an etcd that chooses a leader of its own, keeps the next ones waiting too,
 * whether they are under way at the same time or one after the other.
 */
class Waits {
  readonly #spanMs: number
  readonly #longestMs: number[] = []
  /** What began before belongs to the last of them. */
  #untilMs = Number.NEGATIVE_INFINITY

  constructor(spanMs: number) {
    this.#spanMs = spanMs
  }

  note(ms: number, { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): void {
    if (fromMs < this.#untilMs) {
      this.#longestMs.push(Math.max(this.#longestMs.pop() ?? 0, ms))
      this.#untilMs = Math.max(this.#untilMs, toMs)
      return
    }
    this.#untilMs = Math.max(fromMs + this.#spanMs, toMs)
    remember(this.#longestMs, ms, REMEMBERED)
  }

  secondMs(): number {
    return second(this.#longestMs)
  }
}

function remember(times: number[], ms: number, most: number): void {
  times.push(ms)
  if (times.length > most) times.shift()
}

/** The second longest. */
const second = (times: readonly number[]): number => times.toSorted((a, b) => b - a)[1] ?? 0
