import type { Clock } from '../../shared/kit/clock.ts'

interface Timer {
  readonly dueMs: number
  /** Order of making: timers due at the same moment run in it. */
  readonly sequence: number
  readonly run: () => void
}

/** Moments of real time that promises and `setImmediate` need before virtual time may go on. */
const SETTLE_ROUNDS = 3

/** 2026-01-01T00:00:00Z */
const EPOCH_MS = 1_767_225_600_000

/**
 * Time that stands still until {@link advance} moves it. Yield-then-execute: before each timer everything that is already runnable runs, so that what it
 * makes is in the queue in time. One timer at a time; same timers, same order, every run.
 */
export class VirtualClock implements Clock {
  #nowMs = 0
  #sequence = 0
  readonly #heap: Timer[] = []
  readonly #cancelled = new Set<Timer>()
  /** Timers run so far: a runaway loop at one moment is stopped by it. */
  ran = 0

  nowMs(): number {
    return EPOCH_MS + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, delayMs), sequence: this.#sequence++, run }
    this.#push(timer)
    return () => void this.#cancelled.add(timer)
  }

  /** Lets everything runnable run, then timer after timer, until `ms` have passed. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    for (;;) {
      await settle()
      const next = this.#heap[0]
      if (!next || next.dueMs > endMs) break
      this.#pop()
      if (this.#cancelled.delete(next)) continue
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      this.ran++
      next.run()
    }
    this.#nowMs = endMs
    await settle()
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    heap.push(timer)
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!before(heap[at], heap[parent])) break
      swap(heap, at, parent)
      at = parent
    }
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (heap.length === 0 || !last) return
    heap[0] = last
    for (let at = 0; ; ) {
      const left = at * 2 + 1
      const right = left + 1
      let least = at
      if (before(heap[left], heap[least])) least = left
      if (before(heap[right], heap[least])) least = right
      if (least === at) return
      swap(heap, at, least)
      at = least
    }
  }
}

const before = (a: Timer | undefined, b: Timer | undefined): boolean => a !== undefined && (b === undefined || a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence))

function swap(heap: Timer[], a: number, b: number): void {
  const [left, right] = [heap[a], heap[b]]
  if (left && right) [heap[a], heap[b]] = [right, left]
}

async function settle(): Promise<void> {
  for (let round = 0; round < SETTLE_ROUNDS; round++) await new Promise((resolve) => setImmediate(resolve))
}
