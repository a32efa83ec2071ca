/** Writes protocol buffers by field number: as much of the format as a document needs. PURE. */

const VARINT = 0
const FIXED64 = 1
const BYTES = 2

function varint(value: number): Buffer {
  if (value < 0) return varint64(BigInt.asUintN(64, BigInt(value)))
  const bytes: number[] = []
  let rest = value
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 0x80 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return Buffer.from(bytes)
}

/** Negative numbers take all ten bytes. */
function varint64(value: bigint): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return Buffer.from([...bytes, Number(rest)])
    bytes.push(Number(rest & 0x7fn) | 0x80)
  }
}

/** A field's bytes; an empty array when there is nothing to say. */
export type Field = readonly Buffer[]

const lengthDelimited = (number: number, bytes: Buffer): Field => [varint(number * 8 + BYTES), varint(bytes.length), bytes]

export const text = (number: number, value: string | undefined): Field => (value === undefined || value === '' ? [] : lengthDelimited(number, Buffer.from(value)))
export const texts = (number: number, values: readonly string[] | undefined): Field => (values ?? []).flatMap((value) => lengthDelimited(number, Buffer.from(value)))
export const flag = (number: number, value: boolean | undefined): Field => (value === true ? [varint(number * 8 + VARINT), varint(1)] : [])
export const integer = (number: number, value: number | bigint): Field => (value === 0 ? [] : [varint(number * 8 + VARINT), typeof value === 'bigint' ? varint64(BigInt.asUintN(64, value)) : varint(value)])
export const double = (number: number, value: number): Field => (value === 0 ? [] : presentDouble(number, value))
/** What is there also when it is 0, as members of a `oneof` are. */
export function presentDouble(number: number, value: number): Field {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return [varint(number * 8 + FIXED64), bytes]
}
export const presentText = (number: number, value: string): Field => lengthDelimited(number, Buffer.from(value))
export const presentFlag = (number: number, value: boolean): Field => [varint(number * 8 + VARINT), varint(value ? 1 : 0)]
/** A message made of fields. An absent one is `undefined`, an empty one is written. */
export const message = (number: number, fields: readonly Field[] | undefined): Field => (fields === undefined ? [] : lengthDelimited(number, Buffer.concat(fields.flat())))
export const whole = (fields: readonly Field[]): Buffer => Buffer.concat(fields.flat())
