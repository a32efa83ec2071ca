/** What came of a body and was not read yet. One reader; whoever fills it is told when it is full. */

/** Beyond this the connection is not read. */
const FULL_BYTES = 1 << 20

export interface BodyFlow {
  pause(): void
  resume(): void
  /** The reader has left before the end. */
  abandon(): void
}

export class Body implements AsyncIterable<Buffer> {
  readonly #flow: BodyFlow
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #over = false
  #failure: Error | undefined
  #wake: (() => void) | undefined

  constructor(flow: BodyFlow) {
    this.#flow = flow
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes > FULL_BYTES) this.#flow.pause()
    this.#wake?.()
  }

  end(): void {
    this.#over = true
    this.#wake?.()
  }

  fail(failure: Error): void {
    this.#failure ??= failure
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift()
        if (chunk) {
          this.#bytes -= chunk.length
          if (this.#bytes <= FULL_BYTES) this.#flow.resume()
          yield chunk
        } else if (this.#failure) throw this.#failure
        else if (this.#over) return
        else await this.#more()
      }
    } finally {
      if (!this.#over) this.#flow.abandon()
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }
}
