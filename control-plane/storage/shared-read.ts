/**
 * Lets many callers share one read without any of them getting an answer that began before it asked: those who come while a read is
 * under way share the next one.
 */
export function sharedRead<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> | undefined
  let next: Promise<T> | undefined
  const start = (): Promise<T> => {
    const reading = read()
    const settled = reading.then(
      () => {},
      () => {},
    )
    running = settled
    void settled.then(() => {
      if (running === settled) running = undefined
    })
    return reading
  }
  return () => {
    if (running === undefined) return start()
    next ??= running.then(() => {
      next = undefined
      return start()
    })
    return next
  }
}
