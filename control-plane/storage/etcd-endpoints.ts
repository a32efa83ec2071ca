import { backoffMs, type BackoffPolicy } from '../../shared/kit/backoff.ts'
import type { Clock } from '../../shared/kit/clock.ts'

/** How long an endpoint that failed is left alone while another one works. */
const resting: BackoffPolicy = { baseMs: 500, capMs: 10_000, factor: 2 }
/** While none works each is tried this often: the first to come back is found at once. */
const NONE_WORKS_MS = 200

interface Endpoint {
  failures: number
  failedAtMs: number
  /** A call is finding out whether it works again. */
  isTried: boolean
  /** When each call that is under way was begun, oldest first; without those that one begun later has overtaken. */
  readonly begun: Set<{ readonly atMs: number }>
}

/**
 * Which of several endpoints of etcd a call takes: the first that works, in the order they were given. An endpoint on another machine may vanish without
 * a word, and every call to it would wait for its time limit; so the nearest comes first, and one that failed is tried again by a single call. Where a patience is given, one that
 * keeps a call waiting for longer is passed over as long as there is another that does not. A call that is overtaken by one begun later says nothing of its endpoint: it may have been handed on to
 * a leader of etcd that died, and wait for an answer that nobody will give.
 */
export class Endpoints {
  readonly #clock: Clock
  readonly #all: readonly Endpoint[]
  readonly #patienceMs: number

  constructor(count: number, clock: Clock, patienceMs = Number.POSITIVE_INFINITY) {
    this.#clock = clock
    this.#patienceMs = patienceMs
    this.#all = Array.from({ length: count }, () => ({ failures: 0, failedAtMs: 0, isTried: false, begun: new Set() }))
  }

  /** Whether a call that came to this endpoint should take it. */
  isNext(index: number): boolean {
    const prompt = this.#all.findIndex((endpoint) => this.#mayBeTaken(endpoint) && !this.#isSlow(endpoint))
    return (prompt >= 0 ? prompt : this.#all.findIndex((endpoint) => this.#mayBeTaken(endpoint))) === index
  }

  /** Does the work there and remembers whether it went well. `isFailure` tells the endpoint's failures from refusals. */
  async run<T>(index: number, work: () => PromiseLike<T> | T, isFailure: (error: unknown) => boolean): Promise<T> {
    const endpoint = this.#all[index]
    if (endpoint === undefined) throw new RangeError(`there is no endpoint ${index}`)
    const tries = endpoint.failures > 0
    if (tries) endpoint.isTried = true
    const begun = { atMs: this.#clock.monotonicMs() }
    endpoint.begun.add(begun)
    try {
      const result = await work()
      endpoint.failures = 0
      overtake(endpoint, begun)
      return result
    } catch (error) {
      if (!isFailure(error)) endpoint.failures = 0
      else if (endpoint.begun.has(begun)) {
        endpoint.failures++
        endpoint.failedAtMs = this.#clock.monotonicMs()
      }
      throw error
    } finally {
      endpoint.begun.delete(begun)
      if (tries) endpoint.isTried = false
    }
  }

  #isSlow({ begun }: Endpoint): boolean {
    const [oldest] = begun
    return oldest !== undefined && this.#clock.monotonicMs() - oldest.atMs >= this.#patienceMs
  }

  #mayBeTaken({ failures, failedAtMs, isTried }: Endpoint): boolean {
    if (failures === 0) return true
    const restMs = this.#all.some((endpoint) => endpoint.failures === 0) ? backoffMs(resting, failures) : NONE_WORKS_MS
    return !isTried && this.#clock.monotonicMs() - failedAtMs >= restMs
  }
}

function overtake({ begun }: Endpoint, by: { readonly atMs: number }): void {
  for (const one of begun) {
    if (one === by || one.atMs >= by.atMs) return
    begun.delete(one)
  }
}
