/** Work that takes long is done in steps, and the event loop is left to others in between: a process that holds its loop renews no lease. */
import { sleep, type Clock } from './clock.ts'

export interface Turns {
  /** Does all steps, one after the other. @returns what they come to; rejects with what one of them throws, and before the next one with the signal's reason. */
  through<T>(steps: Iterator<unknown, T>, signal?: Pick<AbortSignal, 'throwIfAborted'>): Promise<T>
}

export interface TurnsOptions {
  readonly clock: Clock
  /** How long the loop is held at most, but for a step that takes longer by itself; 8 ms by default. */
  readonly holdMs?: number
}

/** All work that goes through one of these shares its turns: however much of it is under way, the loop is held no longer. */
export function createTurns(options: TurnsOptions): Turns {
  return new SharedTurns(options)
}

/** Steps that are under way. */
interface Job {
  /** Does one. @returns whether it was the last, or failed. */
  next(): boolean
}

class SharedTurns implements Turns {
  readonly #clock: Clock
  readonly #holdMs: number
  /** Each has its share of the loop after the others. */
  readonly #jobs: Job[] = []
  #isUnderWay = false
  /** Since the loop was left to others. */
  #heldMs = 0

  constructor({ clock, holdMs = 8 }: TurnsOptions) {
    this.#clock = clock
    this.#holdMs = holdMs
  }

  through<T>(steps: Iterator<unknown, T>, signal?: Pick<AbortSignal, 'throwIfAborted'>): Promise<T> {
    return new Promise((resolve, reject) => {
      const next = (): boolean => {
        try {
          signal?.throwIfAborted()
          const step = steps.next()
          if (step.done) resolve(step.value)
          return step.done === true
        } catch (error) {
          reject(error as Error)
          return true
        }
      }
      this.#jobs.push({ next })
      if (!this.#isUnderWay) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#isUnderWay = true
    for (let job = this.#jobs.shift(); job; job = this.#jobs.shift()) {
      if (!this.#share(job)) this.#jobs.push(job)
      if (this.#heldMs < this.#holdMs) continue
      await sleep(this.#clock, 0)
      this.#heldMs = 0
    }
    this.#isUnderWay = false
  }

  /** @returns whether the job is done. */
  #share(job: Job): boolean {
    const sinceMs = this.#clock.monotonicMs() - this.#heldMs
    for (;;) {
      const isDone = job.next()
      this.#heldMs = this.#clock.monotonicMs() - sinceMs
      if (isDone || this.#heldMs >= this.#holdMs) return isDone
    }
  }
}
