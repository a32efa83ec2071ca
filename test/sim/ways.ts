import type { Clock } from '../../shared/kit/clock.ts'
import type { Random } from '../../shared/kit/random.ts'
import { between } from './chance.ts'

/** How messages pass from one machine to another, one way. */
export interface WayWeather {
  /** What is sent while it is not open is sent again when it is, as TCP does. */
  isOpen: boolean
  /** Each message takes between these, ms. */
  minDelayMs: number
  maxDelayMs: number
}

export const calmWay: Readonly<WayWeather> = { isOpen: true, minDelayMs: 0.2, maxDelayMs: 3 }

export class Way {
  readonly weather: WayWeather = { ...calmWay }
  readonly #flows = new Set<Flow>()
  readonly #listeners = new Set<() => void>()

  get isOpen(): boolean {
    return this.weather.isOpen
  }

  set(weather: Partial<WayWeather>): void {
    const wasOpen = this.isOpen
    Object.assign(this.weather, weather)
    if (wasOpen === this.isOpen) return
    if (this.isOpen) for (const flow of this.#flows) flow.resume()
    for (const listener of this.#listeners) listener()
  }

  /** Called when it opens or shuts. The answer unsubscribes. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  carry(flow: Flow): () => void {
    this.#flows.add(flow)
    return () => this.#flows.delete(flow)
  }
}

/** All ways between the machines of a world, by their names. */
export class Ways {
  readonly clock: Clock
  readonly random: Random
  readonly #ways = new Map<string, Way>()

  constructor(clock: Clock, random: Random) {
    this.clock = clock
    this.random = random
  }

  of(from: string, to: string): Way {
    const key = `${from}>${to}`
    const known = this.#ways.get(key)
    if (known) return known
    const made = new Way()
    this.#ways.set(key, made)
    return made
  }

  isWhole(a: string, b: string): boolean {
    return this.of(a, b).isOpen && this.of(b, a).isOpen
  }

  delayMs(from: string, to: string): number {
    const { minDelayMs, maxDelayMs } = this.of(from, to).weather
    return between(this.random, minDelayMs, maxDelayMs)
  }

  flow(from: string, to: string): Flow {
    return new Flow(this.of(from, to), { clock: this.clock, delayMs: () => this.delayMs(from, to) })
  }

  calm(): void {
    for (const way of this.#ways.values()) way.set(calmWay)
  }
}

/** One direction of one connection: in order, each message after its delay, none while the way is shut. Connections overtake each other. */
export class Flow {
  readonly #way: Way
  readonly #clock: Clock
  readonly #delayMs: () => number
  readonly #leave: () => void
  #arrivesMs = 0
  #held: Array<() => void> = []
  #isStopped = false

  constructor(way: Way, { clock, delayMs }: { readonly clock: Clock; readonly delayMs: () => number }) {
    this.#way = way
    this.#clock = clock
    this.#delayMs = delayMs
    this.#leave = way.carry(this)
  }

  send(arrive: () => void): void {
    if (this.#isStopped) return
    if (!this.#way.isOpen || this.#held.length > 0) return void this.#held.push(arrive)
    this.#arrivesMs = Math.max(this.#arrivesMs, this.#clock.monotonicMs() + this.#delayMs())
    this.#clock.after(this.#arrivesMs - this.#clock.monotonicMs(), () => void (this.#isStopped || arrive()))
  }

  resume(): void {
    const held = this.#held
    this.#held = []
    for (const arrive of held) this.send(arrive)
  }

  /** Nothing more arrives. */
  stop(): void {
    this.#isStopped = true
    this.#held = []
    this.#leave()
  }
}
