import type { Clock } from './clock.ts'
import { backoffMs, type BackoffPolicy } from './backoff.ts'

/**
 * A queue of keys, as client-go's: a key waits at most once (*dirty*), is worked on by one worker at a time (*processing*), and
 * one that is added while it is processed is queued again when that ends. Invariant: a queued key is dirty and not processing.
 */
export interface WorkQueue {
  add(key: string): void
  addAfter(key: string, delayMs: number): void
  /** Adds it after its back-off, which grows with each call until {@link forget}. */
  retry(key: string): void
  forget(key: string): void
  /** The next key, or `undefined` once the queue is shut down. Call {@link done} when it has been worked on. */
  take(): Promise<string | undefined>
  done(key: string): void
  shutDown(): void
  readonly size: number
}

/** After an outage, however long, everything has been tried again within the cap. */
export const controllerBackoff: BackoffPolicy = { baseMs: 5, capMs: 5_000, factor: 2 }

export function workQueue(clock: Clock, policy: BackoffPolicy = controllerBackoff): WorkQueue {
  const queue: string[] = []
  const dirty = new Set<string>()
  const processing = new Set<string>()
  const failures = new Map<string, number>()
  const timers = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>()
  const waiting: Array<(key: string | undefined) => void> = []
  let ended = false

  const hand = (): void => {
    while (waiting.length > 0 && queue.length > 0) {
      const key = queue.shift() as string
      dirty.delete(key)
      processing.add(key)
      waiting.shift()?.(key)
    }
  }
  const self: WorkQueue = {
    add(key) {
      if (ended || dirty.has(key)) return
      dirty.add(key)
      if (processing.has(key)) return
      queue.push(key)
      hand()
    },
    addAfter(key, delayMs) {
      if (ended) return
      if (delayMs <= 0) return self.add(key)
      const dueMs = clock.monotonicMs() + delayMs
      const earlier = timers.get(key)
      if (earlier && earlier.dueMs <= dueMs) return
      earlier?.cancel()
      const cancel = clock.after(delayMs, () => {
        timers.delete(key)
        self.add(key)
      })
      timers.set(key, { dueMs, cancel })
    },
    retry(key) {
      const count = (failures.get(key) ?? 0) + 1
      failures.set(key, count)
      self.addAfter(key, backoffMs(policy, count))
    },
    forget: (key) => void failures.delete(key),
    take() {
      if (ended) return Promise.resolve(undefined)
      return new Promise((resolve) => {
        waiting.push(resolve)
        hand()
      })
    },
    done(key) {
      processing.delete(key)
      if (!dirty.has(key) || ended) return
      queue.push(key)
      hand()
    },
    shutDown() {
      ended = true
      for (const timer of timers.values()) timer.cancel()
      timers.clear()
      for (const resolve of waiting.splice(0)) resolve(undefined)
    },
    get size() {
      return queue.length
    },
  }
  return self
}
