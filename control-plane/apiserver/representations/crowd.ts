import type { Clock } from '../../../shared/kit/clock.ts'

/** So few watches cost so little that none of them ever waits. */
const FEW = 16
/** How long a round lasts for each that was told something in it, ms: several times what telling it costs, so that most of the time is left for those who write. */
const ROUND_MS = 0.2
/** And while ever more comes, so that each hears more at once. */
const BUSY_ROUND_MS = 0.5
const LONGEST_MS = 50
/** When nothing has come for so long nobody waits for more. */
const LULL_MS = 8
/** How many a round is for is known when all have been told, at the end of the turn in which the first was. */
const FIRST_LOOK_MS = 1

/**
 * Those who watch one resource. A write to each of them for each event would cost more than the events, on both sides: whoever has been told something hears
 * the next after a few times as long as it takes to tell all of them, and then everything that came meanwhile at once. Few do not wait at all, nor does
 * anybody for what comes after a while in which nothing did.
 */
export class Crowd {
  /** How far what they watch has come: another number when there is more to tell. */
  readonly #reached: () => number
  #size = 0
  /** How many have been told something in this round. */
  #told = 0
  #beganMs = 0
  #lastMs = 0
  /** How far it had come when it was looked at last. */
  #seen = 0
  #round: Promise<void> | undefined

  constructor(reached: () => number) {
    this.#reached = reached
  }

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
    this.#lastMs = clock.monotonicMs()
    this.#round ??= this.#begin(clock)
    return this.#round
  }

  #begin(clock: Clock): Promise<void> {
    this.#beganMs = this.#lastMs
    this.#seen = this.#reached()
    return new Promise((resolve) => {
      const look = (): void => {
        const restMs = this.#restMs(clock.monotonicMs() - this.#beganMs)
        if (restMs > 0) return void clock.after(restMs, look)
        this.#told = 0
        this.#round = undefined
        resolve()
      }
      clock.after(FIRST_LOOK_MS, look)
    })
  }

  /** How long the round goes on before it is looked at again; 0: it is over. */
  #restMs(passedMs: number): number {
    const shortestMs = Math.min(LONGEST_MS, Math.max(this.#told * ROUND_MS, 2 * (this.#lastMs - this.#beganMs)))
    if (passedMs < shortestMs) return shortestMs - passedMs
    const before = this.#seen
    this.#seen = this.#reached()
    if (this.#seen === before) return 0
    return Math.max(0, Math.min(LULL_MS, LONGEST_MS - passedMs, this.#told * BUSY_ROUND_MS - passedMs))
  }
}
