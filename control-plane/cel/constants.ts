/** What literals stand for, as cel-go reads them. PURE. */
import type { Token } from './tokens.ts'
import { Uint, type Value } from './values.ts'

export type ConstantRead = { readonly kind: 'value'; readonly value: Value } | { readonly kind: 'problem'; readonly message: string }

const read = (value: Value): ConstantRead => ({ kind: 'value', value })
const problem = (message: string): ConstantRead => ({ kind: 'problem', message })

/** @param isNegative whether a minus belongs to the number. */
export function constantOf({ type, text }: Token, isNegative = false): ConstantRead {
  switch (type) {
    case 'true':
    case 'false':
      return read(type === 'true')
    case 'NUM_INT': {
      const size = wholeOf(text)
      return size === undefined || size > (isNegative ? 2n ** 63n : 2n ** 63n - 1n) ? problem('invalid int literal') : read(isNegative ? -size : size)
    }
    case 'NUM_UINT': {
      const size = wholeOf(text.slice(0, -1))
      return size === undefined || size >= 2n ** 64n ? problem('invalid uint literal') : read(new Uint(size))
    }
    case 'NUM_FLOAT': {
      const size = Number(text)
      return Number.isFinite(size) ? read(isNegative ? -size : size) : problem('invalid double literal')
    }
    case 'STRING':
      return quotedText(text, false)
    case 'BYTES':
      return quotedText(text.slice(1), true)
    default:
      return read(null)
  }
}

/** None that has more digits than any number of 64 bits: reading those takes long. */
const wholeOf = (text: string): bigint | undefined => (text.replace(/^(?:0x)?0*/, '').length <= 20 ? BigInt(text) : undefined)

const ESCAPES = /\\([xXuU0-3])([\da-fA-F]*)|\\([^])|[^\\]+/g
const NAMED: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }
const DIGITS: Readonly<Record<string, number>> = { x: 2, X: 2, u: 4, U: 8 }

/** Of bytes, escapes are bytes, and all other characters those of UTF-8. */
function quotedText(written: string, isBytes: boolean): ConstantRead {
  const text = written.replaceAll(/\r\n?/g, '\n')
  const isRaw = /^[rR]/.test(text)
  const quote = /^[rR]?("""|'''|"|')/.exec(text)?.[1]?.length ?? 0
  const inner = text.slice(quote + (isRaw ? 1 : 0), text.length - quote)
  const parts: Array<string | number> = []
  for (const [all, code, digits = '', other] of isRaw ? [[inner]] : inner.matchAll(ESCAPES)) {
    if (code === undefined) parts.push(other === undefined ? (all ?? '') : (NAMED[other] ?? other))
    else {
      if (isBytes && (code === 'u' || code === 'U')) return problem('unable to unescape string')
      const length = DIGITS[code]
      const number = length === undefined ? Number.parseInt(code + digits.slice(0, 2), 8) : Number.parseInt(digits.slice(0, length), 16)
      if (number > 0x10ffff) return problem('unable to unescape string')
      parts.push(number, digits.slice(length ?? 2))
    }
  }
  if (!isBytes) return read(parts.map((part) => (typeof part === 'string' ? part : character(part))).join(''))
  return read(Uint8Array.from(Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))))))
}

/** Halves of pairs are none in UTF-8. */
const character = (code: number): string => (code >= 0xd800 && code <= 0xdfff ? '\ufffd' : String.fromCodePoint(code))
