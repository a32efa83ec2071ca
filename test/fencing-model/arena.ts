import type { Random } from '../../shared/kit/random.ts'
import { between, happens } from '../sim/chance.ts'

interface Event {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

/** True time, which nobody in the model can read, and what is to happen in it. Everything runs at once and in one order: no promises. */
export class Arena {
  nowMs = 0
  readonly random: Random
  readonly violations: string[] = []
  readonly story: string[] = []
  /** Events run so far. */
  ran = 0
  readonly #heap: Event[] = []
  #order = 0

  constructor(random: Random) {
    this.random = random
  }

  after(delayMs: number, run: () => void): void {
    const heap = this.#heap
    const event = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, run }
    let at = heap.length
    heap.push(event)
    for (let up = (at - 1) >> 1; at > 0 && isBefore(event, heap[up]); up = (at - 1) >> 1) {
      heap[at] = heap[up] as Event
      at = up
    }
    heap[at] = event
  }

  /** Until then, or until something is wrong. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms
    for (let next = this.#heap[0]; next && next.atMs <= endMs && this.violations.length === 0; next = this.#heap[0]) {
      this.#pop()
      this.nowMs = next.atMs
      this.ran++
      next.run()
    }
    this.nowMs = endMs
  }

  say(line: string): void {
    this.story.push(`${this.nowMs.toFixed(1).padStart(9)}  ${line}`)
  }

  violate(sentence: string): void {
    this.say(`VIOLATION ${sentence}`)
    this.violations.push(sentence)
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (heap.length === 0 || !last) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (isBefore(heap[child + 1], heap[child])) child++
      if (!isBefore(heap[child], last)) break
      heap[at] = heap[child] as Event
      at = child
    }
    heap[at] = last
  }
}

const isBefore = (a: Event | undefined, b: Event | undefined): boolean => a !== undefined && (b === undefined || a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order))

/** The boot-time clock of a machine: begins anywhere, runs up to 0.1 % wrong, is never compared with another. */
export class MachineClock {
  readonly #arena: Arena
  readonly #offsetMs: number
  readonly #rate: number

  constructor(arena: Arena) {
    this.#arena = arena
    this.#offsetMs = between(arena.random, 0, 1e7)
    this.#rate = 1 + between(arena.random, -0.001, 0.001)
  }

  get nowMs(): number {
    return this.#offsetMs + this.#arena.nowMs * this.#rate
  }

  /** How long true time takes until this clock says so. */
  trueUntil(ms: number): number {
    return (ms - this.nowMs) / this.#rate
  }
}

/** Code that runs on a machine: killed, started again, stopped for a while (then what came meanwhile is taken in, in its order), late with its timers. */
export class Process {
  readonly clock: MachineClock
  /** Timers come up to this much late. */
  latenessMs = 0
  isUp = true
  readonly #arena: Arena
  #life = 0
  #stoppedUntilMs = 0
  #waiting: Array<() => void> = []

  constructor(arena: Arena, clock: MachineClock) {
    this.#arena = arena
    this.clock = clock
  }

  get isRunning(): boolean {
    return this.isUp && this.#arena.nowMs >= this.#stoppedUntilMs
  }

  kill(): void {
    this.isUp = false
    this.#life++
    this.#waiting = []
    this.#stoppedUntilMs = 0
  }

  start(): void {
    this.isUp = true
  }

  stopFor(ms: number): void {
    this.#stoppedUntilMs = Math.max(this.#stoppedUntilMs, this.#arena.nowMs + ms)
    this.#arena.after(ms, () => this.#goOn())
  }

  timer(delayMs: number, run: () => void): void {
    const life = this.#life
    const lateMs = this.latenessMs === 0 ? 0 : between(this.#arena.random, 0, this.latenessMs)
    this.#arena.after(this.clock.trueUntil(this.clock.nowMs + delayMs) + lateMs, () => void (life === this.#life && this.take(run)))
  }

  /** Something arrives. */
  take(run: () => void): void {
    if (!this.isUp) return
    if (this.isRunning && this.#waiting.length === 0) run()
    else this.#waiting.push(run)
  }

  #goOn(): void {
    if (!this.isRunning) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const run of waiting) run()
  }
}

export interface LinkWeather {
  isOpen: boolean
  loss: number
  maxDelayMs: number
}

/** Between any two parts, one way: loses, delays, lets later messages overtake earlier ones (they may travel on different connections). */
export class Links {
  readonly #arena: Arena
  readonly #links = new Map<string, LinkWeather & { held: Array<() => void> }>()

  constructor(arena: Arena) {
    this.#arena = arena
  }

  of(from: string, to: string): LinkWeather {
    return this.#link(from, to)
  }

  /** What was sent meanwhile may come after all: kernels send again. */
  open(from: string, to: string): void {
    const link = this.#link(from, to)
    const held = link.held
    link.isOpen = true
    link.held = []
    for (const run of held) this.#arena.after(this.#delayMs(link), run)
  }

  calm(): void {
    for (const link of this.#links.values()) Object.assign(link, { isOpen: true, loss: 0, maxDelayMs: CALM_MS, held: [] })
  }

  send(from: string, to: string, arrive: () => void): void {
    const link = this.#link(from, to)
    const { random } = this.#arena
    if (!link.isOpen) return void (happens(random, 0.3) && link.held.push(arrive))
    if (!happens(random, link.loss)) this.#arena.after(this.#delayMs(link), arrive)
  }

  #delayMs(link: LinkWeather): number {
    return between(this.#arena.random, 0.05, link.maxDelayMs)
  }

  #link(from: string, to: string): LinkWeather & { held: Array<() => void> } {
    const key = `${from}>${to}`
    const found = this.#links.get(key)
    if (found) return found
    const made = { isOpen: true, loss: 0, maxDelayMs: CALM_MS, held: [] }
    this.#links.set(key, made)
    return made
  }
}

const CALM_MS = 5
