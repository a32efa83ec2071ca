import type { Clock } from '../../shared/kit/clock.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { uidOf } from '../../shared/model/meta.ts'
import { parseTime } from '../../shared/model/time.ts'
import type { BindingTimes } from '../../shared/model/start-timeline.ts'
import type { Informer } from '../informers/port.ts'

/** A pod that was made longer ago was not seen to come: nobody led then, or who leads is busy. */
const NEW_MS = 2_000

/** When pods came and when they were bound, finer than the seconds of their objects: of those that are on their way to a start. */
export class BindingMoments {
  readonly #times = new Map<string, BindingTimes>()
  readonly #clock: Clock

  constructor(pods: Informer<Pod>, clock: Clock) {
    this.#clock = clock
    pods.subscribe(({ before, after }) => {
      if (after !== undefined) this.#see(before, after)
      else if (before !== undefined) this.forget(uidOf(before))
    })
  }

  of(uid: string): BindingTimes {
    return this.#times.get(uid) ?? {}
  }

  /** Its start is over. */
  forget(uid: string): void {
    this.#times.delete(uid)
  }

  #see(before: Pod | undefined, after: Pod): void {
    const uid = uidOf(after)
    const nowMs = this.#clock.nowMs()
    const createdMs = parseTime(after.metadata.creationTimestamp)
    const isBound = Boolean(after.spec?.nodeName)
    if (before === undefined && createdMs !== undefined) {
      const isNew = nowMs - createdMs < NEW_MS
      // Of one that is bound already nobody here knows when that was.
      if (isNew || !isBound) this.#times.set(uid, { queuedMs: isNew ? nowMs : createdMs, ...(isBound ? { boundMs: nowMs } : {}) })
    }
    const known = this.#times.get(uid)
    if (known !== undefined && known.boundMs === undefined && isBound) this.#times.set(uid, { ...known, boundMs: nowMs })
  }
}
