import type { Clock } from '../../../shared/kit/clock.ts'

/** A stream on which neither side says anything for so long is closed; kubelet's time. */
export const IDLE_MS = 4 * 60 * 60 * 1000

export interface IdleWatch {
  /** Something passed. */
  heard(): void
  stop(): void
}

/** Calls `idle` once when nothing was heard for `ms`. Costs one timer, however much is heard. */
export function idleWatch(clock: Clock, ms: number, idle: () => void): IdleWatch {
  let heardMs = clock.monotonicMs()
  let cancel = (): void => {}
  const look = (): void => {
    const leftMs = heardMs + ms - clock.monotonicMs()
    if (leftMs <= 0) idle()
    else cancel = clock.after(leftMs, look)
  }
  cancel = clock.after(ms, look)
  return {
    heard: () => void (heardMs = clock.monotonicMs()),
    stop: () => cancel(),
  }
}
