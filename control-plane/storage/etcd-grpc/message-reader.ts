/** Reads a protobuf message field by field: `while (reader.next()) switch (reader.field) …`. What is not asked for is passed over. */
const WIDTHS: Readonly<Record<number, number>> = { 1: 8, 5: 4 }
const VARINT = 0
const BYTES = 2

export class MessageReader {
  /** Of the field that was read last. */
  field = 0
  readonly #bytes: Buffer
  readonly #end: number
  #next: number
  /** Of the field's value: a varint's first byte, or the first after a length. */
  #at = 0

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#next = at
    this.#end = end
  }

  /** Goes to the next field; `false` at the end. Throws `RangeError` for what is no message. */
  next(): boolean {
    if (this.#next >= this.#end) return false
    const tag = this.#varint()
    this.field = tag >>> 3
    const kind = tag & 7
    this.#at = this.#next
    if (kind === VARINT) this.#skipVarint()
    else if (kind === BYTES) {
      const length = this.#varint()
      this.#at = this.#next
      this.#next += length
    } else this.#next += WIDTHS[kind] ?? Number.POSITIVE_INFINITY
    if (this.#next > this.#end) throw new RangeError('a message ends in the midst of a field')
    return true
  }

  /** Beyond 2^53 it is not exact: see {@link large}. */
  number(): number {
    let value = 0
    let factor = 1
    for (let at = this.#at; at < this.#next; at++) {
      value += ((this.#bytes[at] ?? 0) & 0x7f) * factor
      factor *= 0x80
    }
    return value
  }

  large(): bigint {
    let value = 0n
    for (let at = this.#next - 1; at >= this.#at; at--) value = (value << 7n) | BigInt((this.#bytes[at] ?? 0) & 0x7f)
    return value
  }

  flag(): boolean {
    return this.number() !== 0
  }

  text(): string {
    return this.#bytes.toString('utf8', this.#at, this.#next)
  }

  /** A part of what is read, not a copy. */
  bytes(): Buffer {
    return this.#bytes.subarray(this.#at, this.#next)
  }

  message(): MessageReader {
    return new MessageReader(this.#bytes, this.#at, this.#next)
  }

  #skipVarint(): void {
    while (((this.#bytes[this.#next++] ?? 0) & 0x80) !== 0);
  }

  #varint(): number {
    this.#at = this.#next
    this.#skipVarint()
    return this.number()
  }
}
