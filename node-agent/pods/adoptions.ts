import { backoffMs } from '../../shared/kit/backoff.ts'
import { sleep } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { keyOf, uidOf } from '../../shared/model/meta.ts'
import { adopt } from './adopt.ts'
import type { PodParts } from './parts.ts'
import { podUidHex, type PodRecord } from './record.ts'

const RETRY = { baseMs: 100, capMs: 10_000, factor: 2 }

/** What came in while a pod was being taken over. */
export interface Meanwhile {
  /** The newest word on the pod, if there was one. */
  readonly next: Pod | 'removed' | undefined
  /** Containers that ended. */
  readonly exits: readonly string[]
}

interface Pending {
  readonly pod: Pod
  /** As the agent before this one left it. */
  readonly record: PodRecord
  next: Pod | 'removed' | undefined
  readonly exits: string[]
  /** Resolves when the pod is taken over, or the agent ends. */
  readonly over: Promise<void>
}

export interface AdoptionOptions {
  readonly parts: PodParts
  readonly signal: AbortSignal
  readonly onAdopted: (pod: Pod, record: PodRecord, meanwhile: Meanwhile) => void
}

/**
 * Pods whose containers may run already: what is known of them is compared with what is there before anything is started, and again until that
 * works, for a second container beside a running one would be worse than a late one.
 */
export class Adoptions {
  readonly #options: AdoptionOptions
  readonly #pending = new Map<string, Pending>()

  constructor(options: AdoptionOptions) {
    this.#options = options
  }

  begin(pod: Pod, record: PodRecord): void {
    const { parts } = this.#options
    const over = Promise.withResolvers<void>()
    const pending: Pending = { pod, record, next: undefined, exits: [], over: over.promise }
    this.#pending.set(uidOf(pod), pending)
    this.#run(pending)
      .catch((error: unknown) => parts.log.error({ pod: keyOf(pod), err: messageOf(error) }, 'cannot take a pod over'))
      .finally(over.resolve)
  }

  has(uid: string): boolean {
    return this.#pending.has(uid)
  }

  uids(): Iterable<string> {
    return this.#pending.keys()
  }

  pods(): readonly Pod[] {
    return [...this.#pending.values()].map(({ pod }) => pod)
  }

  /** Those that need room: what was ending, or refused, before needs none, nor does what is gone by now. */
  inNeedOfRoom(): readonly Pod[] {
    return [...this.#pending.values()].filter(({ record, next }) => record.stop === undefined && record.rejected === undefined && next !== 'removed').map(({ pod }) => pod)
  }

  /** Keeps the newest word on a pod until it is taken over. */
  say(uid: string, next: Pod | 'removed'): void {
    const pending = this.#pending.get(uid)
    if (pending) pending.next = next
  }

  /** Resolves when no pod that fits is being taken over any more. What stands in the way of that may last: whoever waits sees to it that it is not for ever. */
  async over(fits: (pod: Pod) => boolean): Promise<void> {
    await Promise.all([...this.#pending.values()].filter(({ pod }) => fits(pod)).map((pending) => pending.over))
  }

  exited(id: string): void {
    for (const [uid, { exits }] of this.#pending) if (podUidHex(uid) === id.slice(0, 32)) exits.push(id)
  }

  async #run(pending: Pending): Promise<void> {
    const { parts, signal, onAdopted } = this.#options
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        const taken = await adopt(parts, pending.pod, pending.record)
        if (signal.aborted) return
        this.#pending.delete(uidOf(pending.pod))
        return onAdopted(pending.pod, taken, pending)
      } catch (error) {
        parts.log.warn({ pod: keyOf(pending.pod), failures, err: messageOf(error) }, 'cannot take a pod over yet')
        await sleep(parts.clock, backoffMs(RETRY, failures), signal).catch(() => {})
      }
    }
  }
}
