import { bootTimeMs } from './boot-time.ts'

/** Time comes in through this port, so that a simulation can hold the clock. */
export interface Clock {
  /** Wall time: ms since the Unix epoch. May jump. */
  nowMs(): number
  /** Boot-time clock: ms, never goes back, runs on in suspend. For durations and leases. */
  monotonicMs(): number
  /** Calls `run` once, `delayMs` from now (never synchronously); the answer cancels it. */
  after(delayMs: number, run: () => void): () => void
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: bootTimeMs,
  after: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, 2_147_483_647))
    return () => clearTimeout(timer)
  },
}

/** Resolves after `delayMs`; rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const abort = (): void => {
      cancel()
      reject(signal?.reason as Error)
    }
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    signal?.addEventListener('abort', abort, { once: true })
  })
}
