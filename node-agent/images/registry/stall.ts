import type { Clock } from '../../../shared/kit/clock.ts'
import { isFault } from '../../../shared/kit/faults.ts'

/** The other side keeps its connection and gives nothing (`silent`), or next to nothing (`slow`): another try seldom helps, and costs as long as this one. */
export class Stalled extends Error {
  readonly kind: 'silent' | 'slow'

  constructor(kind: Stalled['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

/** Of the fault a request has ended with. */
export const stallOf = (error: unknown): Stalled['kind'] | undefined => (isFault(error) && error.cause instanceof Stalled ? error.cause.kind : undefined)

/** How long a body is watched before it is called slow. */
const WINDOW_MS = 60_000

/** Whether a body comes fast enough. Only the time in which it is waited for counts: whoever reads slowly does not make the other side slow. */
export class Pace {
  readonly #clock: Clock
  readonly #leastBytesPerMinute: number
  #sinceMs: number
  #waitedMs = 0
  #bytes = 0

  constructor(clock: Clock, leastBytesPerMinute: number) {
    this.#clock = clock
    this.#leastBytesPerMinute = leastBytesPerMinute
    this.#sinceMs = clock.monotonicMs()
  }

  /** From now on it is waited for. */
  wait(): void {
    this.#sinceMs = this.#clock.monotonicMs()
  }

  /** So much has come. @throws Stalled where it was too little for a minute of waiting. */
  got(bytes: number): void {
    this.#waitedMs += this.#clock.monotonicMs() - this.#sinceMs
    this.#bytes += bytes
    if (this.#waitedMs < WINDOW_MS) return
    if (this.#bytes * WINDOW_MS < this.#leastBytesPerMinute * this.#waitedMs) throw new Stalled('slow', `${this.#bytes} bytes in ${Math.round(this.#waitedMs / 1000)} s, less than the ${this.#leastBytesPerMinute} a minute that "minimumPullBytesPerMinute" asks for`)
    this.#waitedMs = 0
    this.#bytes = 0
  }
}
