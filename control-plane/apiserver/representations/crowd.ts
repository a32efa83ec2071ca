import type { Clock } from '../../../shared/kit/clock.ts'

/** So few watches cost so little that none of them ever waits. */
const FEW = 16
/** How long a round lasts for each that was told something in the one before, ms: several times what telling it costs, so that most of the time is left for those who write. */
const ROUND_MS = 0.2
const LONGEST_MS = 50

/**
 * Those who watch one resource. A write to each of them for each event would cost more than the events, on both sides: whoever has been told something hears
 * the next after a few times as long as it takes to tell all of them, and then everything that came meanwhile at once. Few do not wait at all, nor does
 * anybody for what comes after a while in which nothing did.
 */
export class Crowd {
  #size = 0
  /** How many were told something in the round before, and in this one. */
  #before = 0
  #told = 0
  #beganMs = 0
  #lastMs = 0
  #round: Promise<void> | undefined

  enter(): void {
    this.#size++
  }

  leave(): void {
    this.#size--
  }

  /** To wait for before the next is asked for, after something was told. */
  pause(clock: Clock): Promise<void> | undefined {
    if (this.#size < FEW) return undefined
    this.#told++
    const pauseMs = Math.min(LONGEST_MS, Math.max(1, this.#before * ROUND_MS, 2 * (this.#lastMs - this.#beganMs)))
    this.#lastMs = clock.monotonicMs()
    this.#round ??= new Promise((resolve) => {
      this.#beganMs = this.#lastMs
      clock.after(pauseMs, () => {
        this.#before = this.#told
        this.#told = 0
        this.#round = undefined
        resolve()
      })
    })
    return this.#round
  }
}
