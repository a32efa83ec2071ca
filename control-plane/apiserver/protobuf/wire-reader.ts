/**
 * The wire format of protocol buffers, read without trust: what cannot be read leaves a `problem` (in the words of Kubernetes' decoder)
 * and ends the reading, nothing throws.
 */
import { wholeNumber } from '../../../shared/model/json.ts'

/** How a value is written. */
export const VARINT = 0
export const FIXED64 = 1
export const DELIMITED = 2
const START_GROUP = 3
const END_GROUP = 4
const FIXED32 = 5

const UNEXPECTED_END = 'unexpected EOF'
const TWO_TO_32 = 2 ** 32
const MAX_VARINT_BYTES = 10

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

export interface Tag {
  readonly number: number
  readonly wire: number
}

export class WireReader {
  readonly #bytes: Uint8Array
  /** Names the message in a problem. */
  readonly #message: string
  #at = 0
  #problem: string | undefined
  /** The two halves of the varint read last. */
  #low = 0
  #high = 0

  constructor(bytes: Uint8Array, message: string) {
    this.#bytes = bytes
    this.#message = message
  }

  get problem(): string | undefined {
    return this.#problem
  }

  /** Remembers the first problem and ends the reading. */
  fail(problem: string): void {
    this.#problem ??= problem
    this.#at = this.#bytes.length
  }

  /** The next field, or `undefined` at the end or after a problem. */
  next(): Tag | undefined {
    if (this.#at >= this.#bytes.length) return undefined
    this.#varint()
    if (this.#problem !== undefined) return undefined
    const wire = this.#low & 7
    const number = ((this.#high << 29) | (this.#low >>> 3)) | 0
    if (wire === END_GROUP) this.fail(`proto: ${this.#message}: wiretype end group for non-group`)
    else if (number <= 0) this.fail(`proto: ${this.#message}: illegal tag ${number} (wire type ${wire})`)
    else return { number, wire }
    return undefined
  }

  int32(): number {
    this.#varint()
    return this.#low | 0
  }

  int64(): number | bigint {
    this.#varint()
    const double = (this.#high | 0) * TWO_TO_32 + (this.#low >>> 0)
    return Number.isSafeInteger(double) ? double : wholeNumber((BigInt(this.#high | 0) << 32n) | BigInt(this.#low >>> 0))
  }

  bool(): boolean {
    this.#varint()
    return this.#low !== 0 || this.#high !== 0
  }

  double(): number {
    const bytes = this.#take(8)
    return bytes.length < 8 ? 0 : new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true)
  }

  bytes(): Uint8Array {
    this.#varint()
    if (this.#high < 0) this.fail('proto: negative length found during unmarshaling')
    return this.#take((this.#high >>> 0) * TWO_TO_32 + (this.#low >>> 0))
  }

  /** What is no UTF-8 becomes the replacement character, as it does when Go writes it as JSON. */
  string(): string {
    return utf8.decode(this.bytes())
  }

  /** Whether there is anything left: packed numbers stand one after another. */
  get hasMore(): boolean {
    return this.#at < this.#bytes.length
  }

  skip(wire: number): void {
    let depth = 0
    let current = wire
    for (;;) {
      if (current === START_GROUP) depth++
      else if (current === END_GROUP) depth--
      else this.#skipValue(current)
      if (depth === 0 || this.#problem !== undefined) return
      this.#varint()
      current = this.#low & 7
    }
  }

  #skipValue(wire: number): void {
    if (wire === VARINT) this.#varint()
    else if (wire === FIXED64) this.#take(8)
    else if (wire === DELIMITED) this.bytes()
    else if (wire === FIXED32) this.#take(4)
    else this.fail(`proto: illegal wireType ${wire}`)
  }

  #take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) {
      this.fail(UNEXPECTED_END)
      return this.#bytes.subarray(0, 0)
    }
    const taken = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return taken
  }

  /** Seven bits a byte, the lowest first, into the two halves. */
  #varint(): void {
    this.#low = 0
    this.#high = 0
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) return this.fail(UNEXPECTED_END)
      this.#at++
      const shift = index * 7
      if (shift < 32) this.#low |= (byte & 127) << shift
      if (shift > 24) this.#high |= shift < 32 ? (byte & 127) >>> (32 - shift) : (byte & 127) << (shift - 32)
      if (byte < 128) return
    }
    this.fail('proto: integer overflow')
  }
}
