import type { Clock } from '../../shared/kit/clock.ts'
import { backoffMs } from '../../shared/kit/backoff.ts'
import { refusedClass, type Hint, type Unschedulable } from './core/hints.ts'

/** kube-scheduler's: 1 s, doubling to 10 s. */
const BACKOFF = { baseMs: 1_000, capMs: 10_000, factor: 2 }
/** Even when nothing has happened that could help, an unschedulable pod is tried again after this. */
const STALE_MS = 300_000
/** While nothing else is to be done: how soon after its last try a pod may be tried before its back-off ends, and how often some are. */
const EARLY_MS = 100
/** So many of them each time at most. */
const EARLY_AT_ONCE = 64
/** Where back-offs end within the same so long the priority decides whose turn it is first, as in kube-scheduler. */
const WINDOW_MS = 1_000
/** A pod that no node could take, at its last try. */
interface Tried extends Unschedulable {
  readonly triedMs: number
}

interface Attempted {
  readonly priority: number
  /** Order of arrival. */
  readonly sequence: number
  attempts: number
  /** The last time, where no node could take it. */
  tried: Tried | undefined
}

interface BackingOff {
  readonly untilMs: number
  /** Before its end too, from then on; infinite where it failed by no fault of its own, and may again. */
  readonly earlyMs: number
  readonly cancel: () => void
}

/**
 * Pods that wait for a node. A pod is *active* (to be tried now, highest priority first, then first come), *waiting* for an event that could help it, or in
 * *back-off* after one came. Nothing is lost: a waiting pod is woken by what helps it, and becomes active after five minutes in any case.
 *
 * While nothing is active, pods that were woken are tried before their back-off ends (KEP-5142), those first whose back-off ends first (in the same second
 * the highest priority); so that it costs little however many wait, none sooner than 100 ms after its last try, and 64 in 100 ms at most. And of pods that
 * are alike the first that is refused again speaks for all: the others that were woken wait on, untried.
 */
export class SchedulingQueue {
  readonly #clock: Clock
  #active: string[] = []
  #sorted = true
  readonly #known = new Map<string, Attempted>()
  readonly #activeKeys = new Set<string>()
  /** By their keys, what ends the wait. */
  readonly #waiting = new Map<string, () => void>()
  readonly #backoff = new Map<string, BackingOff>()
  /** By class, the keys of those in back-off or active because of an event. */
  readonly #woken = new Map<string, Set<string>>()
  #sequence = 0
  /** Whose turn it is while nothing is active; the next is last. */
  #early: string[] = []
  /** When others may be chosen. */
  #nextEarlyMs = 0
  #wake: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A pod is new, or changed in a way that may matter: tried at once. */
  add(key: string, priority: number): void {
    if (!this.#known.has(key)) this.#known.set(key, { priority, sequence: this.#sequence++, attempts: 0, tried: undefined })
    this.#unpark(key)
    this.#activate(key)
  }

  /** The pod needs no node any more. */
  remove(key: string): void {
    this.#activeKeys.delete(key)
    this.#unpark(key)
    this.#known.delete(key)
  }

  /** No node could take it: it waits for what could help. */
  parkUnschedulable(key: string, refused: Unschedulable): void {
    const known = this.#known.get(key)
    if (!known) return
    known.attempts++
    known.tried = { ...refused, triedMs: this.#clock.monotonicMs() }
    this.#wait(key, known.tried)
    const alike = refusedClass(refused)
    if (alike !== undefined) this.#waitOn(alike)
  }

  /** Something failed that was not the pod's fault: again after the back-off. */
  parkFailed(key: string): void {
    const known = this.#known.get(key)
    if (!known) return
    known.attempts++
    this.#backOff(key, this.#clock.monotonicMs() + backoffMs(BACKOFF, known.attempts))
  }

  /** Something happened: whom it helps is tried again, not sooner than its back-off allows unless there is nothing else to do. */
  wake(helps: Hint): void {
    const nowMs = this.#clock.monotonicMs()
    for (const [key, cancel] of this.#waiting) {
      const { tried, attempts } = this.#known.get(key) ?? {}
      if (!tried || !helps(tried)) continue
      cancel()
      this.#waiting.delete(key)
      this.#woken.set(tried.pod.classKey, (this.#woken.get(tried.pod.classKey) ?? new Set<string>()).add(key))
      const untilMs = tried.triedMs + backoffMs(BACKOFF, attempts ?? 0)
      if (untilMs <= nowMs) this.#activate(key)
      else this.#backOff(key, untilMs, tried.triedMs + EARLY_MS)
    }
  }

  /** The key to try next, if there is one. */
  take(): string | undefined {
    if (!this.#sorted) {
      // Last is next: highest priority, then longest waiting.
      this.#active.sort((a, b) => this.#rank(a, b))
      this.#sorted = true
    }
    for (let key = this.#active.pop(); key !== undefined; key = this.#active.pop()) {
      if (!this.#activeKeys.delete(key)) continue
      this.#unpark(key)
      return key
    }
    return this.#takeEarly()
  }

  /** Resolves when {@link take} may have something. */
  async whenActive(signal: AbortSignal): Promise<void> {
    const earlyMs = this.#activeKeys.size > 0 ? 0 : this.#nextEarly() - this.#clock.monotonicMs()
    if (earlyMs <= 0 || signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = earlyMs === Number.POSITIVE_INFINITY ? undefined : this.#clock.after(earlyMs, resolve)
    const abort = (): void => resolve()
    this.#wake = resolve
    signal.addEventListener('abort', abort)
    await promise
    signal.removeEventListener('abort', abort)
    cancel?.()
  }

  get size(): number {
    return this.#activeKeys.size
  }

  #takeEarly(): string | undefined {
    const nowMs = this.#clock.monotonicMs()
    if (this.#early.length === 0 && nowMs >= this.#nextEarlyMs) {
      const due = [...this.#backoff].filter(([, { earlyMs }]) => earlyMs <= nowMs).toSorted(([a, { untilMs: left }], [b, { untilMs: right }]) => windowOf(left) - windowOf(right) || this.#rank(b, a))
      this.#early = due.slice(0, EARLY_AT_ONCE).map(([key]) => key).toReversed()
      if (due.length > 0) this.#nextEarlyMs = nowMs + EARLY_MS
    }
    for (let key = this.#early.pop(); key !== undefined; key = this.#early.pop()) {
      const found = this.#backoff.get(key)
      if (!found || found.earlyMs > nowMs) continue
      this.#unpark(key)
      return key
    }
    return undefined
  }

  /** When the next may be taken before its back-off ends. */
  #nextEarly(): number {
    if (this.#early.length > 0) return 0
    let first = Number.POSITIVE_INFINITY
    for (const { earlyMs } of this.#backoff.values()) first = Math.min(first, earlyMs)
    return Math.max(first, this.#nextEarlyMs)
  }

  #rank(a: string, b: string): number {
    const [left, right] = [this.#known.get(a), this.#known.get(b)]
    return (left?.priority ?? 0) - (right?.priority ?? 0) || (right?.sequence ?? 0) - (left?.sequence ?? 0)
  }

  #activate(key: string): void {
    if (this.#activeKeys.has(key) || !this.#known.has(key)) return
    this.#activeKeys.add(key)
    this.#active.push(key)
    this.#sorted = false
    this.#somethingToDo()
  }

  #somethingToDo(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  #wait(key: string, { triedMs }: Tried): void {
    const cancel = this.#clock.after(triedMs + STALE_MS - this.#clock.monotonicMs(), () => {
      this.#waiting.delete(key)
      this.#activate(key)
    })
    this.#waiting.set(key, cancel)
  }

  /** One of the class was refused: what woke the others helps them no more. */
  #waitOn(classKey: string): void {
    for (const key of this.#woken.get(classKey) ?? []) {
      const tried = this.#known.get(key)?.tried
      this.#activeKeys.delete(key)
      this.#endBackOff(key)
      if (tried) this.#wait(key, tried)
    }
    this.#woken.delete(classKey)
  }

  #backOff(key: string, untilMs: number, earlyMs = Number.POSITIVE_INFINITY): void {
    const cancel = this.#clock.after(untilMs - this.#clock.monotonicMs(), () => {
      this.#backoff.delete(key)
      this.#activate(key)
    })
    this.#backoff.set(key, { untilMs, earlyMs, cancel })
    if (earlyMs < Number.POSITIVE_INFINITY) this.#somethingToDo()
  }

  #endBackOff(key: string): void {
    this.#backoff.get(key)?.cancel()
    this.#backoff.delete(key)
  }

  #unpark(key: string): void {
    this.#waiting.get(key)?.()
    this.#waiting.delete(key)
    this.#endBackOff(key)
    const classKey = this.#known.get(key)?.tried?.pod.classKey
    if (classKey === undefined) return
    const alike = this.#woken.get(classKey)
    alike?.delete(key)
    if (alike?.size === 0) this.#woken.delete(classKey)
  }
}

const windowOf = (untilMs: number): number => Math.floor(untilMs / WINDOW_MS)
