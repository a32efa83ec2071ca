/** Writes protocol buffers by field number: as much of the format as a document needs. PURE. */

const VARINT = 0
const BYTES = 2

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 0x80 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return Buffer.from(bytes)
}

/** A field's bytes; an empty array when there is nothing to say. */
export type Field = readonly Buffer[]

const lengthDelimited = (number: number, bytes: Buffer): Field => [varint(number * 8 + BYTES), varint(bytes.length), bytes]

export const text = (number: number, value: string | undefined): Field => (value === undefined || value === '' ? [] : lengthDelimited(number, Buffer.from(value)))
export const texts = (number: number, values: readonly string[] | undefined): Field => (values ?? []).flatMap((value) => lengthDelimited(number, Buffer.from(value)))
export const flag = (number: number, value: boolean | undefined): Field => (value === true ? [varint(number * 8 + VARINT), varint(1)] : [])
/** A message made of fields. An absent one is `undefined`, an empty one is written. */
export const message = (number: number, fields: readonly Field[] | undefined): Field => (fields === undefined ? [] : lengthDelimited(number, Buffer.concat(fields.flat())))
export const whole = (fields: readonly Field[]): Buffer => Buffer.concat(fields.flat())
