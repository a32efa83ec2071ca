import type { Clock } from '../../shared/kit/clock.ts'
import type { Random } from '../../shared/kit/random.ts'
import { between } from './chance.ts'

const HOUR_MS = 3_600_000

/** A machine's clocks: the boot-time clock began somewhere else than others' and runs up to 0.05 % wrong, the wall clock is set by people. */
export class MachineClock implements Clock {
  readonly #world: Clock
  readonly #rate: number
  #bootOffsetMs: number
  /** How wrong the wall clock is. */
  wallOffsetMs = 0

  constructor(world: Clock, random: Random) {
    this.#world = world
    this.#rate = 1 + between(random, -0.0005, 0.0005)
    this.#bootOffsetMs = between(random, 0, 1_000 * HOUR_MS)
  }

  nowMs(): number {
    return this.#world.nowMs() + this.wallOffsetMs
  }

  monotonicMs(): number {
    return this.#bootOffsetMs + this.#world.monotonicMs() * this.#rate
  }

  after(delayMs: number, run: () => void): () => void {
    return this.#world.after(delayMs / this.#rate, run)
  }

  /** It begins anew at a boot. */
  reboot(): void {
    this.#bootOffsetMs = 10_000 - this.#world.monotonicMs() * this.#rate
  }
}
