/** Bytes on their way between one producer and one consumer, bounded by asking the producer to wait. */
export interface ByteQueue extends AsyncIterable<Buffer> {
  /** Never refuses: ask for `room` afterwards. After `end` it is dropped. */
  push(chunk: Buffer): void
  /** The consumer gets what is queued, then ends. */
  end(): void
  /** Ends at once and drops what is queued. */
  discard(): void
  /** Resolves when few enough bytes wait, or nobody will take them any more. */
  room(): Promise<void>
}

const DEFAULT_LIMIT_BYTES = 256 * 1024

export function byteQueue(limitBytes = DEFAULT_LIMIT_BYTES): ByteQueue {
  const chunks: Buffer[] = []
  let queuedBytes = 0
  let ended = false
  let wakeConsumer: (() => void) | undefined
  let wakeProducer: (() => void) | undefined
  const tellConsumer = (): void => {
    wakeConsumer?.()
    wakeConsumer = undefined
  }
  const tellProducer = (): void => {
    wakeProducer?.()
    wakeProducer = undefined
  }
  const queue: ByteQueue = {
    push(chunk) {
      if (ended || chunk.length === 0) return
      chunks.push(chunk)
      queuedBytes += chunk.length
      tellConsumer()
    },
    end() {
      ended = true
      tellConsumer()
      tellProducer()
    },
    discard() {
      chunks.length = 0
      queuedBytes = 0
      queue.end()
    },
    async room() {
      while (queuedBytes > limitBytes && !ended) {
        await new Promise<void>((resolve) => {
          wakeProducer = resolve
        })
      }
    },
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          const chunk = chunks.shift()
          if (chunk) {
            queuedBytes -= chunk.length
            if (queuedBytes <= limitBytes) tellProducer()
            yield chunk
          } else if (ended) return
          else
            await new Promise<void>((resolve) => {
              wakeConsumer = resolve
            })
        }
      } finally {
        queue.discard()
      }
    },
  }
  return queue
}
