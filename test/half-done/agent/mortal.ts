import type { Clock } from '../../../shared/kit/clock.ts'
import { sleep } from '../../../shared/kit/clock.ts'
import type { Fate } from '../fate.ts'

/** How long a call takes to reach the world, and its answer to come back: so that calls are under way side by side. */
const HALF_CALL_MS = 1

const never = <T>(): Promise<T> => new Promise<T>(() => {})

export interface PortMethods {
  /** Answer at once. */
  readonly sync?: readonly string[]
  /** Change nothing: to die beside one is to die after whatever was before it. All others are points, those too that are added later. */
  readonly reads?: readonly string[]
  /** How long a call takes besides. */
  readonly extraMs?: (method: string, words: readonly unknown[]) => number
}

interface Call {
  readonly work: () => unknown
  readonly isEffect: boolean
  /** Until it has its effect. */
  readonly takesMs: number
}

/** One life of an agent: all it can act through is wrapped, and after its death nothing it tries happens any more. */
export class Mortal {
  readonly clock: Clock
  readonly #world: Clock
  readonly #fate: Fate
  readonly #onDeath: () => void
  #isOver = false
  #underWay = 0

  constructor(world: Clock, fate: Fate, onDeath: () => void) {
    this.#world = world
    this.#fate = fate
    this.#onDeath = onDeath
    this.clock = { nowMs: () => world.nowMs(), monotonicMs: () => world.monotonicMs(), after: (delayMs, run) => (this.#isOver ? () => {} : world.after(delayMs, () => this.#timer(run))) }
  }

  get isOver(): boolean {
    return this.#isOver
  }

  die(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onDeath()
  }

  wrap<T extends object>(name: string, port: T, { sync = [], reads = [], extraMs = () => 0 }: PortMethods = {}): T {
    return new Proxy(port, {
      get: (target, key) => {
        const value = Reflect.get(target, key) as unknown
        if (typeof value !== 'function' || typeof key !== 'string') return value
        const method = value as (...words: readonly unknown[]) => unknown
        if (sync.includes(key)) return (...words: readonly unknown[]) => method.apply(target, words as unknown[])
        return (...words: readonly unknown[]) => this.#call(`${name}.${key}${wordsOf(words)}`, { work: () => method.apply(target, words as unknown[]), isEffect: !reads.includes(key), takesMs: HALF_CALL_MS + extraMs(key, words) })
      },
    })
  }

  /** A step of the plan that is awaited. */
  async step<T>(label: string, work: () => Promise<T>): Promise<T> {
    if (this.#isOver) return never()
    const at = this.#fate.reach(label, this.#underWay)
    if (this.#strikes(at, 'before')) return never()
    const answer = await work()
    return this.#isOver || this.#strikes(at, 'after') ? never() : answer
  }

  /** Something that is done at once. */
  now(label: string, work: () => void): void {
    if (this.#isOver) return
    const at = this.#fate.reach(label, this.#underWay)
    if (this.#strikes(at, 'before')) return
    work()
    this.#strikes(at, 'after')
  }

  #timer(run: () => void): void {
    if (this.#isOver) return
    const at = this.#fate.reach('timer', this.#underWay)
    if (this.#strikes(at, 'before')) return
    run()
    this.#strikes(at, 'after')
  }

  async #call(label: string, { work, isEffect, takesMs }: Call): Promise<unknown> {
    if (this.#isOver) return never()
    if (isEffect) this.#underWay++
    await sleep(this.#world, takesMs)
    if (this.#isOver) {
      if (isEffect && this.#fate.underWay === 'done') await work()
      return never()
    }
    const at = isEffect ? this.#fate.reach(label, this.#underWay - 1) : -1
    if (isEffect && this.#strikes(at, 'before')) return never()
    try {
      const answer = await work()
      if (this.#isOver || (isEffect && this.#strikes(at, 'after'))) return never()
      await sleep(this.#world, HALF_CALL_MS)
      return this.#isOver ? never() : answer
    } finally {
      if (isEffect) this.#underWay--
    }
  }

  #strikes(at: number, side: 'before' | 'after'): boolean {
    if (this.#isOver || !this.#fate.strikes(at, side)) return false
    this.die()
    return true
  }
}

/** The agent that lives now, for the watch over its steps. */
export const theLiving: { agent: Mortal | undefined } = { agent: undefined }

/** The first words of a call, as far as they say something. */
function wordsOf([first]: readonly unknown[]): string {
  if (typeof first === 'string') return ` ${first.length > 40 ? `…${first.slice(-40)}` : first}`
  const id = typeof first === 'object' && first !== null && 'id' in first ? first.id : undefined
  return typeof id === 'string' ? ` …${id.slice(-20)}` : ''
}
