/** Of how many calls the time is remembered. */
const REMEMBERED = 8
/** A call may take so many times as long as the slowest of those. */
const TIMES = 3

/**
 * How long a call may take: as long as asked for, and longer where the calls before it have taken long, for what has been sent is not made quicker by giving it up. A call that is lost (with
 * the member of etcd that had it) is given up as soon as otherwise.
 */
export class CallLimit {
  readonly #shortestMs: number
  readonly #longestMs: number
  readonly #tookMs: number[] = []

  constructor(shortestMs: number, longestMs = shortestMs) {
    this.#shortestMs = shortestMs
    this.#longestMs = longestMs
  }

  ms(): number {
    return Math.min(Math.max(this.#shortestMs, TIMES * Math.max(0, ...this.#tookMs)), this.#longestMs)
  }

  /** A call has come to its end, or was given up, after so long. */
  note(tookMs: number): void {
    this.#tookMs.push(tookMs)
    if (this.#tookMs.length > REMEMBERED) this.#tookMs.shift()
  }
}
