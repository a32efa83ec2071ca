import { backoffMs } from '../../shared/kit/backoff.ts'
import type { Clock } from '../../shared/kit/clock.ts'

/** Runs `work` with the newest request: what arrives meanwhile replaces what waits; a failure is tried again with back-off. */
export interface Latest<T> {
  request(value: T): void
}

export interface LatestOptions<T> {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly work: (value: T) => Promise<void>
  readonly onError: (error: unknown) => void
}

const RETRY = { baseMs: 50, capMs: 5_000, factor: 2 }

export function latest<T>({ clock, signal, work, onError }: LatestOptions<T>): Latest<T> {
  let waiting: { readonly value: T } | undefined
  let running = false
  let failures = 0
  async function drain(): Promise<void> {
    running = true
    while (waiting && !signal.aborted) {
      const { value } = waiting
      waiting = undefined
      try {
        await work(value)
        failures = 0
      } catch (error) {
        onError(error)
        waiting ??= { value }
        failures++
        break
      }
    }
    running = false
    if (waiting && !signal.aborted) clock.after(backoffMs(RETRY, failures), start)
  }
  function start(): void {
    if (!running && waiting && !signal.aborted) void drain()
  }
  return {
    request(value) {
      waiting = { value }
      start()
    },
  }
}
