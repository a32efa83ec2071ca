import type { Clock } from '../../shared/kit/clock.ts'
import { within } from './within.ts'

export interface PulseOptions {
  readonly clock: Clock
  /** Asks the storage something that only a storage that works can answer; throws where it does not. */
  readonly ask: (signal: AbortSignal) => Promise<void>
}

/** How often it is asked, as a part of the lease: so often, whether the question before is answered or not. */
const EVERY = 0.1
/** An answer is waited for so long; and who has had none for longer has seen the storage away. */
const PATIENCE = 0.3
const SILENCE = EVERY + PATIENCE

/**
 * Whether the storage works, and since when. A leader is not to blame for a silence that is the storage's: whoever would take its place asks the storage again and again before, and does so only when that has
 * answered for long enough for a leader that lives to have renewed.
 */
export class Pulse {
  readonly #options: PulseOptions
  /** Of the newest question that was answered. */
  #answeredSentMs = Number.NEGATIVE_INFINITY
  /** The first answer since it was away. */
  #sinceMs: number | undefined
  #nextMs = Number.NEGATIVE_INFINITY

  constructor(options: PulseOptions) {
    this.#options = options
  }

  /** Asks, if it is time to, and waits for nothing. Answers how long it is until the next time. */
  take(leaseMs: number): number {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs >= this.#nextMs) {
      this.#nextMs = nowMs + leaseMs * EVERY
      void this.#ask(nowMs, leaseMs)
    }
    return this.#nextMs - nowMs
  }

  /** For how long it has been answering by now, without a pause. */
  steadyMs(leaseMs: number): number {
    const nowMs = this.#options.clock.monotonicMs()
    return this.#sinceMs === undefined || nowMs - this.#answeredSentMs > leaseMs * SILENCE ? 0 : nowMs - this.#sinceMs
  }

  async #ask(sentAtMs: number, leaseMs: number): Promise<void> {
    const { clock, ask } = this.#options
    try {
      await within(clock, leaseMs * PATIENCE, ask)
    } catch {
      // One that was sent later may have been answered, elsewhere: then this one says nothing.
      if (sentAtMs > this.#answeredSentMs) this.#sinceMs = undefined
      return
    }
    const nowMs = clock.monotonicMs()
    if (this.#sinceMs === undefined || nowMs - this.#answeredSentMs > leaseMs * SILENCE) this.#sinceMs = nowMs
    this.#answeredSentMs = Math.max(this.#answeredSentMs, sentAtMs)
  }
}
