/** Work that several want is done once; it ends early only when nobody waits for it any more. */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>()

  /** Joins what runs under this key, or begins it. Rejects with the reason of `signal` as soon as that aborts, whatever the others do. */
  async run(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const running = this.#running.get(key) ?? this.#begin(key, work)
    running.waiting++
    let leave = (): void => {}
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason as Error)
      signal.addEventListener('abort', leave, { once: true })
    })
    try {
      return await Promise.race([running.done, left])
    } finally {
      signal.removeEventListener('abort', leave)
      if (--running.waiting === 0) running.stop.abort(new Error('nobody waits for it any more'))
    }
  }

  #begin(key: string, work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const stop = new AbortController()
    const done = work(stop.signal)
    const running: Running<T> = { done, stop, waiting: 0 }
    this.#running.set(key, running)
    const over = (): void => void (this.#running.get(key) === running && this.#running.delete(key))
    stop.signal.addEventListener('abort', over, { once: true })
    // Its failing reaches those who wait; if nobody does, nobody is told.
    done.then(over, over)
    return running
  }
}

interface Running<T> {
  readonly done: Promise<T>
  readonly stop: AbortController
  waiting: number
}
