import type { Clock } from '../../shared/kit/clock.ts'

interface Timer {
  readonly dueMs: number
  /** Order of making: timers due at the same moment run in it. */
  readonly sequence: number
  readonly run: () => void
  isCancelled: boolean
}

/** 2026-01-01T00:00:00Z */
const EPOCH_MS = 1_767_225_600_000

/** Less than this might not move the clock at all, whose numbers are doubles; real timers are coarser. */
const LEAST_MS = 0.001

/** More timers than this at one moment are a loop that never lets time pass. */
const MOST_AT_ONCE = 200_000

/**
 * Time that stands still until {@link advance} moves it. Yield-then-execute: before each timer every promise that is already settled runs its
 * followers to the end, so that what they make is in the queue in time. One timer at a time; same timers, same order, every run.
 *
 * What runs under it must wait for nothing but promises and this clock: a real timer or real input and output would come when they like.
 */
export class VirtualClock implements Clock {
  #nowMs = 0
  #sequence = 0
  #atOnce = 0
  readonly #heap: Timer[] = []
  /** Timers run so far. */
  ran = 0

  nowMs(): number {
    return EPOCH_MS + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer: Timer = { dueMs: this.#nowMs + (delayMs > 0 ? Math.max(LEAST_MS, delayMs) : 0), sequence: this.#sequence++, run, isCancelled: false }
    this.#push(timer)
    return () => {
      timer.isCancelled = true
    }
  }

  /** Lets everything runnable run, then timer after timer, until `ms` have passed. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await settle()
    for (let next = this.#next(endMs); next; next = this.#next(endMs)) {
      this.#atOnce = next.dueMs > this.#nowMs ? 0 : this.#atOnce + 1
      if (this.#atOnce > MOST_AT_ONCE) throw new Error(`something runs in circles at ${this.#nowMs} ms: ${MOST_AT_ONCE} timers at one moment`)
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      this.ran++
      next.run()
      await settle()
    }
    this.#nowMs = endMs
  }

  /** Takes the first timer that is due by then; cancelled ones are dropped on the way. */
  #next(endMs: number): Timer | undefined {
    for (let first = this.#heap[0]; first && first.dueMs <= endMs; first = this.#heap[0]) {
      this.#pop()
      if (!first.isCancelled) return first
    }
    return undefined
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(timer)
    for (; at > 0; ) {
      const parent = (at - 1) >> 1
      const above = heap[parent] as Timer
      if (!isBefore(timer, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    const size = heap.length
    if (size === 0 || !last) return
    let at = 0
    for (let child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++
      const below = heap[child] as Timer
      if (!isBefore(below, last)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
  }
}

const isBefore = (a: Timer, b: Timer): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence)

/** A macrotask begins only when no microtask is left, however long the chain of promises was. Taken at load: a guard may forbid it later. */
const soon = setImmediate
const settle = (): Promise<void> => new Promise((resolve) => void soon(resolve))
