import type { Clock } from '../../../shared/kit/clock.ts'

export interface TestClock {
  readonly clock: Clock
  /** Lets time pass, and calls what is due, in order. */
  advance(ms: number): void
  /** How many calls wait. */
  pending(): number
}

/** A clock that moves when it is told to. */
export function testClock(): TestClock {
  let nowMs = 0
  const waiting = new Set<{ readonly atMs: number; readonly run: () => void }>()
  return {
    clock: {
      nowMs: () => nowMs,
      monotonicMs: () => nowMs,
      after(delayMs, run) {
        const call = { atMs: nowMs + delayMs, run }
        waiting.add(call)
        return () => void waiting.delete(call)
      },
    },
    advance(ms) {
      const end = nowMs + ms
      for (;;) {
        const [next] = [...waiting].filter(({ atMs }) => atMs <= end).toSorted((a, b) => a.atMs - b.atMs)
        if (!next) break
        nowMs = Math.max(nowMs, next.atMs)
        waiting.delete(next)
        next.run()
      }
      nowMs = end
    },
    pending: () => waiting.size,
  }
}
