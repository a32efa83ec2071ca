import { podUidHex } from '../../node-agent/pods/record.ts'
import type { FakeDeadlines } from '../../node-agent/fencing/fake.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import type { Random } from '../../shared/kit/random.ts'
import { between } from './chance.ts'
import type { SimHost } from './host.ts'

/** It looks this often while the deadline is past, and needs that long to kill: less than K together. */
const LOOK_MS = 10
const MOST_MS = 70
const KILLED = 137

export interface SimFencerOptions {
  /** Of the machine. */
  readonly clock: Clock
  readonly random: Random
  readonly host: SimHost
  readonly deadlines: FakeDeadlines
  readonly onKill: (id: string) => void
}

/** The process outside the agent that kills pods when their node's right is about to end, whatever the agent does. */
export class SimFencer {
  readonly #options: SimFencerOptions
  #isWatching = false
  #cancel = (): void => {}

  constructor(options: SimFencerOptions) {
    this.#options = options
  }

  /** The deadline has changed, or something was started. */
  look(): void {
    const { clock, deadlines, random } = this.#options
    const { killAtMs } = deadlines
    if (killAtMs === undefined || this.#isWatching) return
    this.#cancel()
    const leftMs = killAtMs - clock.monotonicMs()
    if (leftMs > 0) {
      this.#cancel = clock.after(leftMs, () => this.look())
      return
    }
    if (this.#mortal().length === 0) return
    this.#isWatching = true
    this.#cancel = clock.after(between(random, 1, MOST_MS), () => this.#kill())
  }

  /** The machine is switched off. */
  stop(): void {
    this.#cancel()
    this.#isWatching = false
  }

  #kill(): void {
    const { clock, deadlines, host, onKill } = this.#options
    this.#isWatching = false
    if ((deadlines.killAtMs ?? Number.POSITIVE_INFINITY) > clock.monotonicMs()) return this.look()
    for (const id of this.#mortal()) {
      onKill(id)
      host.fate.exit(id, KILLED)
    }
    this.#cancel = clock.after(LOOK_MS, () => this.look())
  }

  #mortal(): readonly string[] {
    const { deadlines, host } = this.#options
    const spared = deadlines.exempt.map(podUidHex)
    return host.running().map(({ spec }) => spec.id).filter((id) => !spared.some((uid) => id.startsWith(uid)))
  }
}
