/** A reader of a log that waits. While it does it is at the log's end: whatever came since was not for it. */
export interface Sleeper {
  /** What it waits for begins with this. */
  readonly prefix: string
  /** Whether it wants to hear of whatever happens, be it for others. Asked when it falls asleep. */
  isCurious(): boolean
  /** Absent while it is awake. */
  wake: ((position: number) => void) | undefined
}

/**
 * Those who wait until something happens under their prefix. What happens elsewhere costs one comparison for each prefix, however many wait for it. Each
 * is told at which position of the log it goes on.
 */
export class Sleepers {
  readonly #byPrefix = new Map<string, Set<Sleeper>>()
  readonly #curious = new Set<Sleeper>()

  sleep(sleeper: Sleeper): Promise<number> {
    return new Promise((resolve) => {
      sleeper.wake = resolve
      if (sleeper.isCurious()) this.#curious.add(sleeper)
      const others = this.#byPrefix.get(sleeper.prefix)
      if (others) others.add(sleeper)
      else this.#byPrefix.set(sleeper.prefix, new Set([sleeper]))
    })
  }

  /** Wakes the curious, and those who wait under a prefix that is `meant`. */
  wake(position: number, isMeant: (prefix: string) => boolean): void {
    for (const prefix of this.#byPrefix.keys()) if (isMeant(prefix)) this.#rouseAll(this.#byPrefix.get(prefix), position)
    this.#rouseAll(this.#curious, position)
  }

  wakeAll(position: number): void {
    for (const sleepers of this.#byPrefix.values()) this.#rouseAll(sleepers, position)
  }

  /** Nothing, when it is awake. */
  rouse(sleeper: Sleeper, position: number): void {
    const { wake } = sleeper
    if (!wake) return
    sleeper.wake = undefined
    this.#curious.delete(sleeper)
    const others = this.#byPrefix.get(sleeper.prefix)
    others?.delete(sleeper)
    if (others?.size === 0) this.#byPrefix.delete(sleeper.prefix)
    wake(position)
  }

  #rouseAll(sleepers: ReadonlySet<Sleeper> | undefined, position: number): void {
    if (sleepers === undefined || sleepers.size === 0) return
    for (const sleeper of sleepers) this.rouse(sleeper, position)
  }
}
