/** How many share a read. */
export interface Sharing {
  /** The last one that began. */
  readonly before: number
  /** The one that has not begun, so far. */
  readonly now: number
}

/**
 * Lets many callers share one read without any of them getting an answer that began before it asked: those who come while a read is
 * under way share the next one.
 * @param soon when a read may begin at the earliest: who asks until then shares it.
 */
export function sharedRead<T>(read: () => Promise<T>, soon: (run: () => void, sharing: Sharing) => void = queueMicrotask): () => Promise<T> {
  let isRunning = false
  /** Of the read that has not begun. */
  let next: PromiseWithResolvers<T> | undefined
  let waiting = 0
  let sharers = 0
  const sharing: Sharing = {
    get before() {
      return sharers
    },
    get now() {
      return waiting
    },
  }
  const begin = (): void => {
    if (next === undefined) return
    const { resolve, reject } = next
    next = undefined
    sharers = waiting
    waiting = 0
    isRunning = true
    const end = (): void => {
      isRunning = false
      if (next !== undefined) soon(begin, sharing)
    }
    read().then(
      (value) => (end(), resolve(value)),
      (error: unknown) => (end(), reject(error)),
    )
  }
  return () => {
    if (next === undefined) {
      next = Promise.withResolvers<T>()
      if (!isRunning) soon(begin, sharing)
    }
    waiting++
    return next.promise
  }
}
