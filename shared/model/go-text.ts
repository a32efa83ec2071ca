/** Values as Go prints them, where Kubernetes' messages quote a value. */

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\v': '\\v', '\f': '\\f', '\b': '\\b', '\x07': '\\a', '"': '\\"', '\\': '\\\\' }
const NEEDS_QUOTING = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu

/** As `%q` prints a string. */
export const goQuote = (text: string): string => `"${text.replace(NEEDS_QUOTING, (char) => escapes[char] ?? escapeRune(char))}"`

function escapeRune(char: string): string {
  const code = char.codePointAt(0) ?? 0
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
}

const HTML = /[<>&\u2028\u2029]/g

/** As `encoding/json` writes a value: the order of keys is the value's own, `<`, `>` and `&` are escaped. */
export const goJson = (value: unknown): string => (JSON.stringify(value) ?? 'null').replace(HTML, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** As `%v` prints JSON that was read into maps and slices: `map[a:1 b:[x y]]`. */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`
  if (typeof value === 'number') return goNumber(value)
  if (typeof value !== 'object') return typeof value === 'string' ? value : JSON.stringify(value)
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `map[${entries.map(([key, item]) => `${key}:${goPrint(item)}`).join(' ')}]`
}

/** Large floats get an exponent of at least two digits; integers are printed as they are. */
const goNumber = (value: number): string => String(value).replace(/e([+-])(\d)$/, 'e$10$2')

const encoded = /[\u0080-\uffff]/

/** Length in bytes of UTF-8, which is what Go's `len` counts. */
export function byteLength(text: string): number {
  if (!encoded.test(text)) return text.length
  let bytes = 0
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}
