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
 * do not fire, calls never answer and change nothing, whatever its promises still try.
 */
export class Life {
  readonly clock: Clock
  readonly #over = new AbortController()
  #isOver = false

  constructor(clock: Clock) {
    this.clock = {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, run) => (this.#isOver ? () => {} : clock.after(delayMs, () => void (this.#isOver || run()))),
    }
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get signal(): AbortSignal {
    return this.#over.signal
  }

  /** The crash: nothing is said or done any more, but loops that wait for the signal come to their end. */
  end(): void {
    this.#isOver = true
    this.#over.abort(new Fault('cancelled', 'crashed'))
  }

  /** Passes a promise's outcome on, as long as the process lives. */
  follow<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => void (this.#isOver || resolve(value)),
        (error: unknown) => void (this.#isOver || reject(error as Error)),
      )
    })
  }

  /** The port, as this process sees it. */
  wrap<T extends object>(port: T, { sync = new Set(), before, after }: Wrapping = {}): T {
    const call = async (name: string, work: () => unknown): Promise<unknown> => {
      await before?.(name)
      if (this.#isOver) return never()
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
