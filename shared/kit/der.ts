/** The small part of ASN.1's distinguished encoding rules that certificates need: written and read as bytes. */
import { Fault } from './faults.ts'

/** Tags (X.690): universal ones, and the constructed bit that sequences and sets have. */
export const TAG = { boolean: 0x01, integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, utf8String: 0x0c, printableString: 0x13, utcTime: 0x17, generalizedTime: 0x18, sequence: 0x30, set: 0x31 } as const

/** Tag of a context's own field: `[number]`. */
export const contextTag = (number: number, constructed: boolean): number => 0x80 | (constructed ? 0x20 : 0) | number

function lengthBytes(length: number): readonly number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff)
  return [0x80 | bytes.length, ...bytes]
}

/** One value: its tag, its length, its content. */
export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(body.length)]), body])
}

export const sequence = (...items: readonly Uint8Array[]): Buffer => der(TAG.sequence, ...items)

/** A positive integer of these bytes. */
export function integer(bytes: Uint8Array): Buffer {
  let first = 0
  while (first < bytes.length - 1 && bytes[first] === 0) first++
  const digits = bytes.subarray(first)
  return (digits[0] ?? 0) & 0x80 ? der(TAG.integer, Buffer.of(0), digits) : der(TAG.integer, digits)
}

export const boolean = (value: boolean): Buffer => der(TAG.boolean, Buffer.of(value ? 0xff : 0))
export const octetString = (bytes: Uint8Array): Buffer => der(TAG.octetString, bytes)
export const bitString = (bytes: Uint8Array, unusedBits = 0): Buffer => der(TAG.bitString, Buffer.of(unusedBits), bytes)
export const utf8String = (text: string): Buffer => der(TAG.utf8String, Buffer.from(text))

/** `2.5.4.3` */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(TAG.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): readonly number[] {
  const bytes = [value & 0x7f]
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift(0x80 | (rest & 0x7f))
  return bytes
}

/** As certificates write times: two digits of the year until 2049. Whole seconds. */
export function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, '').replace(/\.\d+/, '')
  return text < '2050' ? der(TAG.utcTime, Buffer.from(text.slice(2))) : der(TAG.generalizedTime, Buffer.from(text))
}

export interface DerValue {
  readonly tag: number
  readonly content: Buffer
  /** Tag and length too: what was signed. */
  readonly whole: Buffer
}

const malformed = (): Fault => new Fault('invalid', 'malformed DER')

/** The values that stand one after the other in `bytes`. @throws Fault('invalid') */
export function readValues(bytes: Buffer): readonly DerValue[] {
  const values: DerValue[] = []
  for (let at = 0; at < bytes.length; ) {
    const value = readValue(bytes, at)
    values.push(value)
    at += value.whole.length
  }
  return values
}

function readValue(bytes: Buffer, at: number): DerValue {
  const [tag, first] = [bytes[at], bytes[at + 1]]
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw malformed()
  const digits = first < 0x80 ? 0 : first & 0x7f
  if (first === 0x80 || digits > 4 || at + 2 + digits > bytes.length) throw malformed()
  const length = digits === 0 ? first : bytes.readUIntBE(at + 2, digits)
  const start = at + 2 + digits
  if (start + length > bytes.length) throw malformed()
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) }
}

/** The single value that `bytes` are, of the tag expected. @throws Fault('invalid') */
export function readOne(bytes: Buffer, tag: number): DerValue {
  const [value, ...others] = readValues(bytes)
  if (value?.tag !== tag || others.length > 0) throw malformed()
  return value
}

/** The members of a sequence or set. @throws Fault('invalid') */
export const members = (bytes: Buffer, tag: number = TAG.sequence): readonly DerValue[] => readValues(readOne(bytes, tag).content)
