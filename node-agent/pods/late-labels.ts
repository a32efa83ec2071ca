import type { Clock } from '../../shared/kit/clock.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { uidOf } from '../../shared/model/meta.ts'
import type { Verdict } from './record.ts'

/** So long a change of the node may be later here than a pod that was written after it: they come by different ways. */
const HOLD_MS = 2_000
const LOOK_AGAIN_MS = 100

/** Reasons of `admitPlace` that a change of the node's object may undo. */
const OF_THE_NODE: ReadonlySet<string> = new Set(['NodeAffinity', 'TaintToleration'])

interface Held {
  readonly untilMs: number
  readonly cancel: () => void
}

/**
 * Pods that name this node themselves and are kept out by its labels or taints, as far as it knows them: they are looked at again for a while before they
 * are refused, which is for ever.
 */
export class LateLabels {
  readonly #clock: Clock
  readonly #lookAgain: (pod: Pod) => void
  readonly #held = new Map<string, Held>()

  /** @param lookAgain is given the newest word on a pod. */
  constructor(clock: Clock, lookAgain: (pod: Pod) => void) {
    this.#clock = clock
    this.#lookAgain = lookAgain
  }

  /** Whether the pod is to be looked at again before the refusal stands; it will be. */
  holds(pod: Pod, refusal: Verdict): boolean {
    const uid = uidOf(pod)
    const nowMs = this.#clock.monotonicMs()
    const untilMs = this.#held.get(uid)?.untilMs ?? nowMs + HOLD_MS
    this.forget(uid)
    if (!OF_THE_NODE.has(refusal.reason) || nowMs >= untilMs) return false
    this.#held.set(uid, { untilMs, cancel: this.#clock.after(LOOK_AGAIN_MS, () => this.#lookAgain(pod)) })
    return true
  }

  /** It is refused, taken, or gone. */
  forget(uid: string): void {
    this.#held.get(uid)?.cancel()
    this.#held.delete(uid)
  }

  /** All but these are gone. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.#held.keys()) if (!uids.has(uid)) this.forget(uid)
  }

  /** The agent ends. */
  end(): void {
    this.keepOnly(new Set())
  }
}
