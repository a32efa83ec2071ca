/** Waits for the agents of nodes that were registered and never admitted: one that stays away for as long as Kubernetes is patient holds nothing. */
import type { Clock } from '../../shared/kit/clock.ts'

/** As long as a node without an agent may be silent. */
export const ABSENT_MS = 40_000

export interface AbsenteesOptions {
  readonly clock: Clock
  /** At this moment. */
  readonly isAbsent: (nodeName: string) => boolean
  /** It has been absent for {@link ABSENT_MS} without a gap. */
  readonly onAbsent: (nodeName: string) => void
}

export class Absentees {
  readonly #options: AbsenteesOptions
  readonly #waits = new Map<string, () => void>()

  constructor(options: AbsenteesOptions) {
    this.#options = options
  }

  /** Something that may have come or gone: to be called at each change. */
  look(nodeName: string): void {
    const { clock, isAbsent, onAbsent } = this.#options
    if (!isAbsent(nodeName)) return this.#stop(nodeName)
    if (this.#waits.has(nodeName)) return
    const cancel = clock.after(ABSENT_MS, () => {
      this.#waits.delete(nodeName)
      if (isAbsent(nodeName)) onAbsent(nodeName)
    })
    this.#waits.set(nodeName, cancel)
  }

  end(): void {
    for (const nodeName of this.#waits.keys()) this.#stop(nodeName)
  }

  #stop(nodeName: string): void {
    this.#waits.get(nodeName)?.()
    this.#waits.delete(nodeName)
  }
}
