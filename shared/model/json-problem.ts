/** What Go's JSON scanner says of a text that is no JSON. */
import { MAX_NESTING } from './json.ts'
import { goQuote } from './go-text.ts'

const END = 'unexpected end of JSON input'

/** A complaint on its way out of the scanner; never leaves this file. */
interface Complaint {
  readonly complaint: string
}
type Scanned = Complaint | number

const quoteChar = (char: string): string => (char === "'" ? "'\\''" : char === '"' ? `'"'` : `'${goQuote(char).slice(1, -1)}'`)

const complain = (text: string, at: number, where: string): Complaint => ({ complaint: at >= text.length ? END : `invalid character ${quoteChar(text.charAt(at))} ${where}` })
const isSpace = (char: string): boolean => char === ' ' || char === '\n' || char === '\t' || char === '\r'

function skip(text: string, at: number): number {
  let next = at
  while (next < text.length && isSpace(text.charAt(next))) next++
  return next
}

/** The complaint, or `undefined` for good JSON. */
export function jsonProblem(text: string): string | undefined {
  const end = scanValue(text, skip(text, 0), 0)
  if (typeof end !== 'number') return end.complaint
  const rest = skip(text, end)
  return rest < text.length ? complain(text, rest, 'after top-level value').complaint : undefined
}

/** Where the value that begins at `at` ends. */
function scanValue(text: string, at: number, depth: number): Scanned {
  if (depth > MAX_NESTING) return { complaint: 'exceeded max depth' }
  const char = text.charAt(at)
  if (char === '{') return scanObject(text, at + 1, depth)
  if (char === '[') return scanArray(text, at + 1, depth)
  if (char === '"') return scanString(text, at + 1)
  if (char === '-' || (char >= '0' && char <= '9')) return scanNumber(text, at)
  const literal = char === 't' ? 'true' : char === 'f' ? 'false' : char === 'n' ? 'null' : undefined
  return literal === undefined ? complain(text, at, 'looking for beginning of value') : scanLiteral(text, at, literal)
}

function scanLiteral(text: string, at: number, literal: string): Scanned {
  for (let index = 1; index < literal.length; index++) {
    if (text.charAt(at + index) !== literal.charAt(index)) return complain(text, at + index, `in literal ${literal} (expecting '${literal.charAt(index)}')`)
  }
  return at + literal.length
}

function scanObject(text: string, start: number, depth: number): Scanned {
  let at = skip(text, start)
  if (text.charAt(at) === '}') return at + 1
  for (;;) {
    if (text.charAt(at) !== '"') return complain(text, at, 'looking for beginning of object key string')
    const key = scanString(text, at + 1)
    if (typeof key !== 'number') return key
    at = skip(text, key)
    if (text.charAt(at) !== ':') return complain(text, at, 'after object key')
    const value = scanValue(text, skip(text, at + 1), depth + 1)
    if (typeof value !== 'number') return value
    at = skip(text, value)
    if (text.charAt(at) === '}') return at + 1
    if (text.charAt(at) !== ',') return complain(text, at, 'after object key:value pair')
    at = skip(text, at + 1)
  }
}

function scanArray(text: string, start: number, depth: number): Scanned {
  let at = skip(text, start)
  if (text.charAt(at) === ']') return at + 1
  for (;;) {
    const value = scanValue(text, at, depth + 1)
    if (typeof value !== 'number') return value
    at = skip(text, value)
    if (text.charAt(at) === ']') return at + 1
    if (text.charAt(at) !== ',') return complain(text, at, 'after array element')
    at = skip(text, at + 1)
  }
}

function scanString(text: string, start: number): Scanned {
  let at = start
  while (at < text.length) {
    const char = text.charAt(at)
    if (char === '"') return at + 1
    if (char < ' ') return complain(text, at, 'in string literal')
    if (char === '\\') {
      const escape = scanEscape(text, at + 1)
      if (typeof escape !== 'number') return escape
      at = escape
    } else at++
  }
  return { complaint: END }
}

function scanEscape(text: string, at: number): Scanned {
  if (at < text.length && '"\\/bfnrt'.includes(text.charAt(at))) return at + 1
  if (text.charAt(at) !== 'u') return complain(text, at, 'in string escape code')
  for (let index = at + 1; index <= at + 4; index++) {
    if (!/^[0-9a-fA-F]$/.test(text.charAt(index))) return complain(text, index, 'in \\u hexadecimal character escape')
  }
  return at + 5
}

const isDigit = (char: string): boolean => char >= '0' && char <= '9' && char !== ''

function scanDigits(text: string, start: number): number {
  let at = start
  while (isDigit(text.charAt(at))) at++
  return at
}

function scanNumber(text: string, start: number): Scanned {
  let at = text.charAt(start) === '-' ? start + 1 : start
  if (!isDigit(text.charAt(at))) return complain(text, at, 'in numeric literal')
  at = text.charAt(at) === '0' ? at + 1 : scanDigits(text, at)
  if (text.charAt(at) === '.') {
    if (!isDigit(text.charAt(at + 1))) return complain(text, at + 1, 'after decimal point in numeric literal')
    at = scanDigits(text, at + 1)
  }
  if (text.charAt(at) !== 'e' && text.charAt(at) !== 'E') return at
  at = /[-+]/.test(text.charAt(at + 1)) ? at + 2 : at + 1
  return isDigit(text.charAt(at)) ? scanDigits(text, at) : complain(text, at, 'in exponent of numeric literal')
}
