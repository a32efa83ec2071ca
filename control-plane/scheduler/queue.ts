import type { Clock } from '../../shared/kit/clock.ts'
import { backoffMs } from '../../shared/kit/backoff.ts'
import type { ClusterEvent } from './core/framework.ts'
import { filterPlugins } from './core/schedule.ts'

/** kube-scheduler's: 1 s, doubling to 10 s. */
const BACKOFF = { baseMs: 1_000, capMs: 10_000, factor: 2 }
/** Even when nothing has happened that could help, an unschedulable pod is tried again after this. */
const STALE_MS = 300_000

interface Waiting {
  readonly refusedBy: readonly string[]
  readonly sinceMs: number
  readonly cancel: () => void
}

interface Attempted {
  readonly priority: number
  /** Order of arrival. */
  readonly sequence: number
  attempts: number
}

/**
 * Pods that wait for a node. A pod is *active* (to be tried now, highest priority first, then first come), *waiting* for an event that could help it, or in
 * *back-off* after one came. Nothing is lost: a waiting pod becomes active when its plugins' events happen, and after five minutes in any case.
 */
export class SchedulingQueue {
  readonly #clock: Clock
  #active: string[] = []
  #sorted = true
  readonly #known = new Map<string, Attempted>()
  readonly #activeKeys = new Set<string>()
  readonly #waiting = new Map<string, Waiting>()
  readonly #backoff = new Map<string, () => void>()
  #sequence = 0
  #wake: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A pod is new, or changed in a way that may matter: tried at once. */
  add(key: string, priority: number): void {
    if (!this.#known.has(key)) this.#known.set(key, { priority, sequence: this.#sequence++, attempts: 0 })
    this.#unpark(key)
    this.#activate(key)
  }

  /** The pod needs no node any more. */
  remove(key: string): void {
    this.#known.delete(key)
    this.#activeKeys.delete(key)
    this.#unpark(key)
  }

  /** No node could take it: it waits for what could help. */
  parkUnschedulable(key: string, refusedBy: readonly string[]): void {
    const known = this.#known.get(key)
    if (!known) return
    known.attempts++
    const cancel = this.#clock.after(STALE_MS, () => {
      this.#unpark(key)
      this.#activate(key)
    })
    this.#waiting.set(key, { refusedBy, sinceMs: this.#clock.monotonicMs(), cancel })
  }

  /** Something failed that was not the pod's fault: again after the back-off. */
  parkFailed(key: string): void {
    const known = this.#known.get(key)
    if (!known) return
    known.attempts++
    this.#backOff(key, backoffMs(BACKOFF, known.attempts))
  }

  /** Something happened: whom it may help is tried again, not sooner than its back-off allows. */
  wake(event: ClusterEvent): void {
    const helped = HELPS[event]
    if (this.#waiting.size === 0) return
    for (const [key, waiting] of this.#waiting) {
      if (waiting.refusedBy.length > 0 && !waiting.refusedBy.some((name) => helped.has(name))) continue
      const attempts = this.#known.get(key)?.attempts ?? 0
      const leftMs = waiting.sinceMs + backoffMs(BACKOFF, attempts) - this.#clock.monotonicMs()
      this.#unpark(key)
      if (leftMs <= 0) this.#activate(key)
      else this.#backOff(key, leftMs)
    }
  }

  /** The key to try next, if there is one. */
  take(): string | undefined {
    if (!this.#sorted) {
      // Last is next: highest priority, then longest waiting.
      this.#active.sort((a, b) => this.#rank(a, b))
      this.#sorted = true
    }
    for (let key = this.#active.pop(); key !== undefined; key = this.#active.pop()) if (this.#activeKeys.delete(key)) return key
    return undefined
  }

  /** Resolves when {@link take} has something. */
  whenActive(signal: AbortSignal): Promise<void> {
    if (this.#activeKeys.size > 0 || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  get size(): number {
    return this.#activeKeys.size
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
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  #backOff(key: string, delayMs: number): void {
    this.#backoff.set(
      key,
      this.#clock.after(delayMs, () => {
        this.#backoff.delete(key)
        this.#activate(key)
      }),
    )
  }

  #unpark(key: string): void {
    this.#waiting.get(key)?.cancel()
    this.#waiting.delete(key)
    this.#backoff.get(key)?.()
    this.#backoff.delete(key)
  }
}

const EVENTS: readonly ClusterEvent[] = ['node-added', 'node-allocatable', 'node-labels', 'node-taints', 'pod-added', 'pod-removed', 'pod-labels']

/** Plugins that each event may satisfy. */
const HELPS = Object.fromEntries(EVENTS.map((event) => [event, new Set(filterPlugins.filter((plugin) => plugin.wakesOn.includes(event)).map((plugin) => plugin.name))])) as unknown as Readonly<Record<ClusterEvent, ReadonlySet<string>>>
