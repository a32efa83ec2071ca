/**
 * Writes protobuf messages from their end to their beginning: a message inside another has been written, and its length is known, when the length is due. So each byte
 * is written once, however deep it lies. What comes first in a repeated field is written last.
 */
const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIRST_SIZE = 1024

export class MessageWriter {
  #buffer = Buffer.allocUnsafe(FIRST_SIZE)
  #at = FIRST_SIZE

  /** Not negative. */
  number(field: number, value: number): void {
    this.#varint(value)
    this.#varint(field * 8 + VARINT)
  }

  /** Of 64 bits, all of them used. */
  large(field: number, value: bigint): void {
    const bytes: number[] = []
    for (let rest = BigInt.asUintN(64, value); bytes.length === 0 || rest > 0n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0))
    this.#room(bytes.length)
    this.#at -= bytes.length
    this.#buffer.set(bytes, this.#at)
    this.#varint(field * 8 + VARINT)
  }

  /** A whole number of 64 bits with its sign. */
  signed(field: number, value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) this.number(field, value)
    else this.large(field, BigInt(value))
  }

  double(field: number, value: number): void {
    this.#room(8)
    this.#at -= 8
    this.#buffer.writeDoubleLE(value, this.#at)
    this.#varint(field * 8 + FIXED64)
  }

  flag(field: number, value: boolean): void {
    if (value) this.number(field, 1)
  }

  text(field: number, value: string): void {
    const length = Buffer.byteLength(value)
    this.#room(length)
    this.#at -= length
    this.#buffer.write(value, this.#at, 'utf8')
    this.head(field, length)
  }

  bytes(field: number, value: Uint8Array): void {
    this.raw(value)
    this.head(field, value.length)
  }

  /** Bytes as they are, in no field. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#at -= bytes.length
    this.#buffer.set(bytes, this.#at)
  }

  /** A copy of the so many bytes written last. */
  last(length: number): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(this.#at, this.#at + length))
  }

  /** @param write writes what is in the message, its last field first. */
  message(field: number, write: () => void): void {
    const end = this.length
    write()
    this.head(field, this.length - end)
  }

  /** What was written, with so many bytes before it for the caller to fill. */
  finish(before: number): Buffer {
    this.#room(before)
    return this.#buffer.subarray(this.#at - before)
  }

  /** How much has been written. */
  get length(): number {
    return this.#buffer.length - this.#at
  }

  /** What goes before the so many bytes of a field. */
  head(field: number, length: number): void {
    this.#varint(length)
    this.#varint(field * 8 + BYTES)
  }

  #varint(value: number): void {
    let size = 1
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
    this.#room(size)
    this.#at -= size
    let rest = value
    for (let at = this.#at; rest >= 0x80; at++, rest = Math.floor(rest / 0x80)) this.#buffer[at] = (rest % 0x80) | 0x80
    this.#buffer[this.#at + size - 1] = rest
  }

  #room(length: number): void {
    if (this.#at >= length) return
    const used = this.length
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, used + length))
    this.#buffer.copy(larger, larger.length - used, this.#at)
    this.#at = larger.length - used
    this.#buffer = larger
  }
}
