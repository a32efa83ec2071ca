import type { Clock } from '../../../shared/kit/clock.ts'

/** So few watches cost so little that none of them ever waits. */
const FEW = 16
/** About what one write to one watcher costs, ms. */
const COST_MS = 0.05
const LONGEST_MS = 50

/**
 * Those who watch one resource. A write to each of them for each event would cost more than the events: whoever has been told something hears the next after
 * about as long as it takes to tell all of them (twice that on a machine that is busy), and then everything that came meanwhile at once. Few do not wait at all.
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
    const pauseMs = Math.min(LONGEST_MS, Math.max(1, this.#before * COST_MS, 2 * (this.#lastMs - this.#beganMs)))
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
