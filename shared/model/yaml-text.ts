/** YAML as Kubernetes and kubectl write it: keys in natural order, lists at the indentation of their key, go-yaml's choice of quotes, folded after column 80. */
import { byteLength } from './go-text.ts'
import { isJsonObject } from './json.ts'

/** Beyond this column a scalar is folded at its next space. */
const WIDTH = 80
/** In bytes; a longer one is written as `? key`, its value below. */
const LONGEST_KEY = 128

export const yamlText = (value: unknown): string => emit(value, { indent: 0, column: 0, inList: false }).replace(/^\n/, '')

interface Place {
  /** Where the keys of this level stand. */
  readonly indent: number
  /** How much of the line is written. */
  readonly column: number
  /** Whether the value follows `- ` on the same line. */
  readonly inList: boolean
}

/** The value with its line end; maps and lists begin on a new line unless they follow `- `. */
function emit(value: unknown, place: Place): string {
  if (Array.isArray(value)) return value.length === 0 ? ' []\n' : emitList(value, place)
  if (isJsonObject(value)) {
    const keys = Object.keys(value).filter((key) => value[key] !== undefined)
    return keys.length === 0 ? ' {}\n' : emitMap(value, keys.toSorted(naturally), place)
  }
  return ` ${scalar(value, { indent: place.indent + 2, column: place.column + 1, key: false })}\n`
}

function emitMap(value: Readonly<Record<string, unknown>>, keys: readonly string[], { indent, inList }: Place): string {
  const margin = ' '.repeat(indent)
  const lines = keys.map((key, at) => {
    const long = byteLength(key) > LONGEST_KEY
    const name = long ? `? ${scalar(key, { indent: indent + 2, column: indent + 2, key: false })}\n${margin}` : scalar(key, { indent, column: indent, key: true })
    const head = `${at === 0 && inList ? ' ' : margin}${name}:`
    const column = long ? indent + 1 : at === 0 && inList ? indent + head.length - 1 : head.length
    const child = value[key]
    // A list stands at its key's indentation, a map two further.
    return `${head}${emit(child, { indent: isJsonObject(child) ? indent + 2 : indent, column, inList: false })}`
  })
  return `${inList ? '' : '\n'}${lines.join('')}`
}

function emitList(items: readonly unknown[], { indent, inList }: Place): string {
  const margin = ' '.repeat(indent)
  const lines = items.map((item, at) => `${at === 0 && inList ? ' ' : margin}-${emit(item, { indent: isJsonObject(item) || Array.isArray(item) ? indent + 2 : indent, column: indent + 1, inList: true })}`)
  return `${inList ? '' : '\n'}${lines.join('')}`
}

const isLetter = (char: string): boolean => /\p{L}/u.test(char)
const isDigit = (char: string | undefined): boolean => char !== undefined && /\d/.test(char)

/** go-yaml's order of keys: numbers in them by value, what is no letter first. */
export function naturally(a: string, b: string): number {
  const left = [...a]
  const right = [...b]
  for (let at = 0; at < left.length && at < right.length; at++) {
    const x = left[at] ?? ''
    const y = right[at] ?? ''
    if (x === y) continue
    if (isLetter(x) !== isLetter(y)) return isLetter(y) ? -1 : 1
    if (isLetter(x)) return x < y ? -1 : 1
    return byNumber(left, right, at) || (x < y ? -1 : 1)
  }
  return left.length - right.length
}

function byNumber(left: readonly string[], right: readonly string[], at: number): number {
  const numberAt = (chars: readonly string[]): string => {
    let end = at
    while (isDigit(chars[end])) end++
    return chars.slice(at, end).join('')
  }
  const [x, y] = [numberAt(left), numberAt(right)]
  return Number(x) - Number(y) || x.length - y.length
}

interface ScalarPlace {
  /** Of folded lines. */
  readonly indent: number
  readonly column: number
  readonly key: boolean
}

function scalar(value: unknown, place: ScalarPlace): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number') return number(value)
  if (typeof value !== 'string') return String(value)
  if (value.includes('\n') && !place.key && isBlockAllowed(value)) return literal(value, place.indent)
  if (!value.includes('\n') && isReadAsString(value)) {
    if (isPlainAllowed(value, place.key)) return fold(value, { ...place, first: 0 })
    if (!SPECIAL.test(value)) return `'${fold(value.replaceAll("'", "''"), { ...place, first: 1 })}'`
  }
  return `"${foldEscaped(value, place)}"`
}

/** Fractions as Go prints them in their shortest form: with an exponent from a million on, and below a ten-thousandth. */
function number(value: number): string {
  const [digits = '', power = '0'] = value.toExponential().split('e')
  const exponent = Number(power)
  if (Number.isInteger(value) || (exponent >= -4 && exponent < 6)) return String(value)
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}

/** What a YAML 1.1 reader takes for something else than text. */
const OTHER = /^(?:|~|null|Null|NULL|true|True|TRUE|false|False|FALSE|y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
const INTEGER = /^[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0[bB][01_]+|[1-9][\d_]*|0)$/
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/
const SEXAGESIMAL = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/
const TIMESTAMP = /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt ]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?\s*(?:Z|[-+]\d{2}:\d{2})?)?$/

const isReadAsString = (text: string): boolean => ![OTHER, INTEGER, FLOAT, SEXAGESIMAL, TIMESTAMP].some((pattern) => pattern.test(text))

/** Characters that only an escape can show. */
const SPECIAL = new RegExp('[^\\n\\x20-\\x7e\\x85\\u00a0-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd]')

function isPlainAllowed(text: string, isKey: boolean): boolean {
  if (text === '') return !isKey
  if (SPECIAL.test(text) || /^[ \n]|[ \n]$/.test(text)) return false
  if (/^[#,[\]{}&*!|>'"%@`]/.test(text) || /^[?:-](?:\s|$)/.test(text) || /^(?:---|\.\.\.)/.test(text)) return false
  return !/:(?:\s|$)/.test(text) && !/\s#/.test(text)
}

const isBlockAllowed = (text: string): boolean => !SPECIAL.test(text) && !/ $| \n/.test(text)

function literal(text: string, indent: number): string {
  const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : ''
  const hint = /^[ \n]/.test(text) ? '2' : ''
  const body = text.endsWith('\n') ? text.slice(0, -1) : text
  return `|${hint}${chomp}\n${body.split('\n').map((line) => (line === '' ? '' : ' '.repeat(indent) + line)).join('\n')}`
}

/** Breaks the line at the first single space after the width. @param first from which character on */
function fold(text: string, { indent, column, key, first }: ScalarPlace & { readonly first: number }): string {
  if (key || column + text.length <= WIDTH) return text
  let result = ''
  let at = column + first
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i)
    const breaks = char === ' ' && text.charAt(i - 1) !== ' ' && at > WIDTH && i > 0 && i < text.length - 1 && text.charAt(i + 1) !== ' '
    result += breaks ? `\n${' '.repeat(indent)}` : char
    at = breaks ? indent : at + 1
  }
  return result
}

const ESCAPES: Readonly<Record<string, string>> = { '\0': '\\0', '\u0007': '\\a', '\b': '\\b', '\t': '\\t', '\n': '\\n', '\v': '\\v', '\f': '\\f', '\r': '\\r', '\u001B': '\\e', '"': '\\"', '\\': '\\\\', '\u0085': '\\N', '\u00A0': '\\_', '\u2028': '\\L', '\u2029': '\\P' }

function escapeChar(char: string): string {
  const known = ESCAPES[char]
  if (known !== undefined) return known
  if (!SPECIAL.test(char)) return char
  const code = char.codePointAt(0) ?? 0
  return code <= 0xff ? `\\x${code.toString(16).toUpperCase().padStart(2, '0')}` : code <= 0xffff ? `\\u${code.toString(16).toUpperCase().padStart(4, '0')}` : `\\U${code.toString(16).toUpperCase().padStart(8, '0')}`
}

function foldEscaped(text: string, { indent, column, key }: ScalarPlace): string {
  const chars = [...text]
  let result = ''
  let at = column + 1
  let afterSpace = false
  for (const [i, char] of chars.entries()) {
    const breaks = char === ' ' && !key && !afterSpace && at > WIDTH && i > 0 && i < chars.length - 1
    const written = breaks ? `\n${' '.repeat(indent)}${chars[i + 1] === ' ' ? '\\' : ''}` : escapeChar(char)
    result += written
    at = breaks ? written.length - 1 : at + written.length
    afterSpace = char === ' '
  }
  return result
}
