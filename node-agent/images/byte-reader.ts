import { Fault } from '../../shared/kit/faults.ts'

/** Takes exact amounts from a stream of chunks. */
export class ByteReader {
  readonly #source: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)
  /** Bytes taken so far. */
  #position = 0

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  get position(): number {
    return this.#position
  }

  /** The next bytes, at most `most`; undefined at the end. */
  async some(most: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#source.next()
      if (next.done === true) return undefined
      this.#rest = next.value
    }
    const taken = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(taken.length)
    this.#position += taken.length
    return taken
  }

  /** Exactly `count` bytes; undefined at a clean end; throws Fault('corrupt') in the middle. */
  async exactly(count: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = []
    let missing = count
    while (missing > 0) {
      const part = await this.some(missing)
      if (part === undefined) {
        if (parts.length === 0) return undefined
        throw truncated()
      }
      parts.push(part)
      missing -= part.length
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts)
  }

  async skip(count: number): Promise<void> {
    let missing = count
    while (missing > 0) {
      const part = await this.some(missing)
      if (part === undefined) throw truncated()
      missing -= part.length
    }
  }

  /** Reads to the end, so that what watches the bytes (a digest) has seen all of them. */
  async drain(): Promise<void> {
    while ((await this.some(Number.POSITIVE_INFINITY)) !== undefined);
  }

  async close(): Promise<void> {
    await this.#source.return?.(undefined)
  }
}

const truncated = (): Fault => new Fault('corrupt', 'the archive ends in the middle of an entry')
