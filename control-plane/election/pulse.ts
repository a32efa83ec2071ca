import type { Clock } from '../../shared/kit/clock.ts'
import { within } from './within.ts'

export interface PulseOptions {
  readonly clock: Clock
  /** Asks the storage something that only a storage that works can answer; throws where it does not. */
  readonly ask: (signal: AbortSignal) => Promise<void>
  /** How long an answer is waited for: at least as long as a storage that is slow, and works, may take. */
  readonly patienceMs: () => number
}

/** How often it is asked, as a part of the lease: so often, whether the question before is answered or not. */
const EVERY = 0.1
/** Who has had no answer for longer than an answer takes, and this part of the lease, has seen the storage away. */
const SILENCE = 0.4
/** A question that waits for longer than an answer takes, and this part of the lease, is lost, whatever was answered since: the storage was away for a moment. */
const LOST = 0.2
/** What an answer takes is the second longest of so many: one that was kept waiting says nothing of the others. */
const LATELY = 4

/**
 * Whether the storage works, and since when. A leader is not to blame for a silence that is the storage's: whoever would take its place asks the storage again and again before, and does so only when that has
 * answered for long enough for a leader that lives to have renewed. An answer that takes long, as all of them do, is one all the same: the questions overtake each other, so a pause is seen as soon as over a quick one.
 */
export class Pulse {
  readonly #options: PulseOptions
  readonly #tookMs: number[] = []
  /** Of the newest question that was answered. */
  #answeredSentMs = Number.NEGATIVE_INFINITY
  #answeredMs = Number.NEGATIVE_INFINITY
  /** The first answer since it was away. */
  #sinceMs: number | undefined
  /** When those were sent that are not answered, and were sent since then. */
  readonly #waiting = new Set<{ readonly sentAtMs: number }>()
  /** Of the newest that was lost: what was asked before says nothing of the time after it. */
  #lostSentMs = Number.NEGATIVE_INFINITY
  /** The first answer since there was none for as long as one is waited for. */
  #heardSinceMs = Number.POSITIVE_INFINITY
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
    this.#miss(leaseMs)
    if (this.#sinceMs === undefined || this.#isSilent(leaseMs)) return 0
    const [oldest] = this.#waiting
    const nowMs = this.#options.clock.monotonicMs()
    // Whether it answers what is late is not known yet.
    return Math.max(0, (oldest ? Math.min(nowMs, oldest.sentAtMs + this.#takesMs()) : nowMs) - this.#sinceMs)
  }

  /** For how long it has been answering by now, however many questions it refused, or with however many pauses that were no longer than an answer is waited for. */
  heardMs(leaseMs: number): number {
    return this.#isUnheard(leaseMs) ? 0 : this.#options.clock.monotonicMs() - this.#heardSinceMs
  }

  async #ask(sentAtMs: number, leaseMs: number): Promise<void> {
    const { clock, ask } = this.#options
    const question = { sentAtMs }
    this.#waiting.add(question)
    try {
      await within(clock, this.#patienceMs(leaseMs), ask)
    } catch {
      // One that was sent later may have been answered, elsewhere: then this one says nothing.
      if (sentAtMs > this.#answeredSentMs) this.#sinceMs = undefined
      return
    } finally {
      this.#waiting.delete(question)
    }
    const nowMs = clock.monotonicMs()
    this.#tookMs.push(nowMs - sentAtMs)
    if (this.#tookMs.length > LATELY) this.#tookMs.shift()
    if (this.#sinceMs === undefined || this.#isSilent(leaseMs)) this.#begin(sentAtMs, nowMs)
    if (this.#isUnheard(leaseMs)) this.#heardSinceMs = nowMs
    this.#answeredSentMs = Math.max(this.#answeredSentMs, sentAtMs)
    this.#answeredMs = nowMs
  }

  /** What was asked before and is not answered says nothing of the time from now on. */
  #begin(sentAtMs: number, nowMs: number): void {
    if (sentAtMs < this.#lostSentMs) return
    this.#sinceMs = nowMs
    for (const question of this.#waiting) if (question.sentAtMs < sentAtMs) this.#waiting.delete(question)
  }

  #miss(leaseMs: number): void {
    const [oldest] = this.#waiting
    if (oldest === undefined || this.#options.clock.monotonicMs() - oldest.sentAtMs <= this.#takesMs() + leaseMs * LOST) return
    this.#lostSentMs = oldest.sentAtMs
    this.#waiting.delete(oldest)
    this.#sinceMs = undefined
    this.#miss(leaseMs)
  }

  #takesMs(): number {
    return this.#tookMs.toSorted((a, b) => b - a)[1] ?? 0
  }

  #isSilent(leaseMs: number): boolean {
    return this.#options.clock.monotonicMs() - this.#answeredSentMs > this.#takesMs() + leaseMs * SILENCE
  }

  #isUnheard(leaseMs: number): boolean {
    return this.#options.clock.monotonicMs() - this.#answeredMs > this.#patienceMs(leaseMs)
  }

  #patienceMs(leaseMs: number): number {
    return Math.max(leaseMs, this.#options.patienceMs())
  }
}
