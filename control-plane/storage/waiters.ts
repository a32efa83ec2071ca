import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { Revision } from './port.ts'

interface Waiter {
  readonly revision: Revision
  readonly resolve: () => void
  readonly reject: (error: Fault) => void
}

export interface WaitOptions {
  readonly revision: Revision
  /** For ever, if left out. */
  readonly waitMs: number | undefined
  readonly signal: AbortSignal | undefined
  /** For the message. */
  readonly what: string
}

/** Those who wait until something has reached a revision. */
export class Waiters {
  readonly #clock: Clock
  readonly #waiting = new Set<Waiter>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wait({ revision, waitMs, signal, what }: WaitOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(cancelled(signal))
      const done = (): void => {
        this.#waiting.delete(waiter)
        cancelTimer?.()
        signal?.removeEventListener('abort', abort)
      }
      const waiter: Waiter = {
        revision,
        resolve: () => (done(), resolve()),
        reject: (error) => (done(), reject(error)),
      }
      const abort = (): void => waiter.reject(cancelled(signal))
      const cancelTimer = waitMs === undefined ? undefined : this.#clock.after(waitMs, () => waiter.reject(new Fault('timeout', `${what} has not reached revision ${revision} within ${waitMs} ms`)))
      signal?.addEventListener('abort', abort)
      this.#waiting.add(waiter)
    })
  }

  reached(revision: Revision): void {
    for (const waiter of this.#waiting) if (waiter.revision <= revision) waiter.resolve()
  }

  failAll(error: Fault): void {
    for (const waiter of this.#waiting) waiter.reject(error)
  }
}

const cancelled = (signal: AbortSignal | undefined): Fault => new Fault('cancelled', 'the caller gave up', { cause: signal?.reason })
