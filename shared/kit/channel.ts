/** A bounded queue between one producer and one consumer. `push` answers false when it is full or closed. */
export interface Channel<T> extends AsyncIterable<T> {
  push(item: T): boolean
  /** The consumer gets what is queued, then ends (or throws `error`). */
  close(error?: Error): void
  readonly size: number
  readonly closed: boolean
}

/** @param capacity how many items may wait; one more is refused, and the producer decides what that means. */
export function channel<T>(capacity = Number.POSITIVE_INFINITY): Channel<T> {
  let items: Array<T | undefined> = []
  let head = 0
  let ended = false
  let failure: Error | undefined
  let wake: (() => void) | undefined
  const signalConsumer = (): void => {
    const resolve = wake
    wake = undefined
    resolve?.()
  }
  const take = (): T | undefined => {
    if (head >= items.length) return undefined
    const item = items[head]
    // What has been taken is nobody's here any more: whoever reads slowly and seldom must not hold what came by long ago.
    items[head++] = undefined
    if (head === items.length) {
      items = []
      head = 0
    } else if (head > 1024 && head * 2 > items.length) {
      items = items.slice(head)
      head = 0
    }
    return item
  }
  return {
    push(item) {
      if (ended || items.length - head >= capacity) return false
      items.push(item)
      signalConsumer()
      return true
    },
    close(error) {
      if (ended) return
      ended = true
      failure = error
      signalConsumer()
    },
    get size() {
      return items.length - head
    },
    get closed() {
      return ended
    },
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          while (items.length > head) yield take() as T
          if (ended) {
            if (failure) throw failure
            return
          }
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      } finally {
        ended = true
        items = []
        head = 0
      }
    },
  }
}
