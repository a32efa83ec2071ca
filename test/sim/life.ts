import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'

/** Before a call reaches its port: waits, or throws what the world does. */
export type Before = (method: string) => Promise<void> | undefined

export interface Wrapping {
  /** Methods that answer at once and change nothing that outlives the process. */
  readonly sync?: ReadonlySet<string>
  readonly before?: Before
  /** After the call took effect and before its answer arrives. */
  readonly after?: Before
}

const never = <T>(): Promise<T> => new Promise<T>(() => {})

/**
 * One process from its start to its crash. Everything it can act through is handed to it by {@link wrap} and {@link clock}; after {@link end} timers
 * do not fire, calls never answer and change nothing, whatever its promises still try. While it is {@link pause}d (SIGSTOP, a machine that swaps)
 * nothing in it runs, and what comes meanwhile is taken in afterwards, in its order.
 */
export class Life {
  readonly clock: Clock
  /** How late its timers come, ms: asked for each. */
  lateness: () => number = () => 0
  readonly #over = new AbortController()
  #isOver = false
  #isPaused = false
  #waiting: Array<() => void> = []

  constructor(clock: Clock) {
    this.clock = {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, run) => {
        if (this.#isOver) return () => {}
        let isCancelled = false
        const cancel = clock.after(delayMs + this.lateness(), () => this.take(() => void (isCancelled || run())))
        return () => {
          isCancelled = true
          cancel()
        }
      },
    }
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  get signal(): AbortSignal {
    return this.#over.signal
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    while (!this.#isPaused && this.#waiting.length > 0) this.#waiting.shift()?.()
  }

  /** The crash: nothing is said or done any more, but loops that wait for the signal come to their end. */
  end(): void {
    this.#isOver = true
    this.#waiting = []
    this.#over.abort(new Fault('cancelled', 'crashed'))
  }

  /** Runs in the process: now, when it goes on, or never. */
  take(run: () => void): void {
    if (this.#isOver) return
    if (this.#isPaused || this.#waiting.length > 0) this.#waiting.push(run)
    else run()
  }

  /** Passes a promise's outcome on, as long as the process lives. */
  follow<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.take(() => resolve(value)),
        (error: unknown) => this.take(() => reject(error as Error)),
      )
    })
  }

  /** The port, as this process sees it. */
  wrap<T extends object>(port: T, { sync = new Set(), before, after }: Wrapping = {}): T {
    const call = async (name: string, work: () => unknown): Promise<unknown> => {
      await before?.(name)
      if (this.#isOver) return never()
      if (this.#isPaused) await new Promise<void>((resolve) => this.take(resolve))
      const answer = await work()
      await after?.(name)
      return answer
    }
    return new Proxy(port, {
      get: (target, name) => {
        const value = Reflect.get(target, name) as unknown
        if (typeof value !== 'function' || typeof name !== 'string') return value
        const method = value as (...words: readonly unknown[]) => unknown
        if (sync.has(name)) return (...words: readonly unknown[]) => method.apply(target, words as unknown[])
        return (...words: readonly unknown[]) => (this.#isOver ? never() : this.follow(call(name, () => method.apply(target, words as unknown[]))))
      },
    })
  }
}
