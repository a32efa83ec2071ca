/**
 * Whether a write should wait for others to share its transaction. One that comes alone never waits, nor one of a few. Where many write at the same time,
 * most of them come again a moment later, and a transaction costs this process and etcd many times what one more write in it does: then it is worth some
 * milliseconds to let half of them come first.
 */

/** Fewer at the same time are not worth waiting for. */
const MANY_WRITERS = 8
/** Fewer within a span neither: hardly anyone would come while one waits. */
const MANY_WRITES = 16
/** So many, each when none was under way, are the work of one who waits for each. */
const LONE_WRITES = 4
/** What was seen is remembered for one to two of these. */
const SPAN_MS = 40
/** For each of those who write at the same time, and at most. */
const PATIENCE_MS = 1 / 6
const MAX_PATIENCE_MS = 8

interface Span {
  readonly startMs: number
  writes: number
  /** The most writes that waited or were under way at the same time. */
  crowd: number
}

const emptySpan = (startMs: number): Span => ({ startMs, writes: 0, crowd: 0 })

export class Company {
  #before = emptySpan(0)
  #now = emptySpan(0)

  /** A write has come. `crowd`: how many wait or are under way with it. */
  came(crowd: number, nowMs: number): void {
    this.#turn(nowMs)
    this.#now.writes++
    if (crowd > this.#now.crowd) this.#now.crowd = crowd
  }

  /** Somebody waited until the end of the patience and nobody came: the others have gone, and nobody waits for them again until they are back. */
  stoodUp(): void {
    for (const span of [this.#before, this.#now]) span.crowd = Math.min(span.crowd, MANY_WRITERS - 1)
  }

  /** Whether writes have come one after the other of late: the next one need not even wait for what else comes in with it. */
  isAlone(nowMs: number): boolean {
    this.#turn(nowMs)
    return this.#before.writes + this.#now.writes > LONE_WRITES && Math.max(this.#before.crowd, this.#now.crowd) <= 1
  }

  /** How many writes a transaction should hold before it begins by itself: 1 where nobody is waited for. */
  goal(nowMs: number): number {
    return Math.max(1, Math.ceil(this.#crowd(nowMs) / 2))
  }

  /** How long the first of them waits at most. */
  patienceMs(nowMs: number): number {
    return Math.min(MAX_PATIENCE_MS, this.#crowd(nowMs) * PATIENCE_MS)
  }

  /** 0 where it is not worth waiting. */
  #crowd(nowMs: number): number {
    this.#turn(nowMs)
    const crowd = Math.max(this.#before.crowd, this.#now.crowd)
    return crowd < MANY_WRITERS || Math.max(this.#before.writes, this.#now.writes) < MANY_WRITES ? 0 : crowd
  }

  #turn(nowMs: number): void {
    const spans = (nowMs - this.#now.startMs) / SPAN_MS
    if (spans < 1) return
    this.#before = spans < 2 ? this.#now : emptySpan(0)
    this.#now = emptySpan(nowMs)
  }
}
