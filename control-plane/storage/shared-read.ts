/**
 * Lets many callers share one read without any of them getting an answer that began before it asked: those who come while a read is
 * under way share the next one.
 * @param soon when a read may begin at the earliest: who asks until then shares it.
 */
export function sharedRead<T>(read: () => Promise<T>, soon: (run: () => void) => void = queueMicrotask): () => Promise<T> {
  let isRunning = false
  /** Of the read that has not begun. */
  let next: PromiseWithResolvers<T> | undefined
  const begin = (): void => {
    if (next === undefined) return
    const { resolve, reject } = next
    next = undefined
    isRunning = true
    const end = (): void => {
      isRunning = false
      if (next !== undefined) soon(begin)
    }
    read().then(
      (value) => (end(), resolve(value)),
      (error: unknown) => (end(), reject(error)),
    )
  }
  return () => {
    if (next === undefined) {
      next = Promise.withResolvers<T>()
      if (!isRunning) soon(begin)
    }
    return next.promise
  }
}
