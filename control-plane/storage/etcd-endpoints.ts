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
}

/**
 * Which of several endpoints of etcd a call takes: the first that works, in the order they were given. An endpoint on another machine may vanish without
 * a word, and every call to it would wait for its time limit; so the nearest comes first, and one that failed is tried again by a single call.
 */
export class Endpoints {
  readonly #clock: Clock
  readonly #all: readonly Endpoint[]

  constructor(count: number, clock: Clock) {
    this.#clock = clock
    this.#all = Array.from({ length: count }, () => ({ failures: 0, failedAtMs: 0, isTried: false }))
  }

  /** Whether a call that came to this endpoint should take it. */
  isNext(index: number): boolean {
    return this.#all.findIndex((endpoint) => this.#mayBeTaken(endpoint)) === index
  }

  /** Does the work there and remembers whether it went well. `isFailure` tells the endpoint's failures from refusals. */
  async run<T>(index: number, work: () => PromiseLike<T> | T, isFailure: (error: unknown) => boolean): Promise<T> {
    const endpoint = this.#all[index]
    if (endpoint === undefined) throw new RangeError(`there is no endpoint ${index}`)
    const tries = endpoint.failures > 0
    if (tries) endpoint.isTried = true
    try {
      const result = await work()
      endpoint.failures = 0
      return result
    } catch (error) {
      if (!isFailure(error)) endpoint.failures = 0
      else {
        endpoint.failures++
        endpoint.failedAtMs = this.#clock.monotonicMs()
      }
      throw error
    } finally {
      if (tries) endpoint.isTried = false
    }
  }

  #mayBeTaken({ failures, failedAtMs, isTried }: Endpoint): boolean {
    if (failures === 0) return true
    const restMs = this.#all.some((endpoint) => endpoint.failures === 0) ? backoffMs(resting, failures) : NONE_WORKS_MS
    return !isTried && this.#clock.monotonicMs() - failedAtMs >= restMs
  }
}
