/** What a certificate or a request for one looks like from outside: PEM around DER. PURE; whoever needs what stands inside reads it with a library. */
import { decodeBase64 } from '../../../shared/model/base64.ts'

export interface PemBlock {
  readonly type: string
  readonly headers: boolean
  readonly bytes: Uint8Array
}

const BLOCK = /-----BEGIN ([^\n-]+)-----\r?\n([\s\S]*?)\r?\n?-----END \1-----/g

/** Every block of a text; what stands between them is no matter. */
export function pemBlocks(text: string): readonly PemBlock[] {
  return [...text.matchAll(BLOCK)].flatMap(([, type = '', body = '']) => {
    const headers = body.includes(':')
    const bytes = decodeBase64(body.replace(/^[^\n]*:[^\n]*\n/gm, '').replace(/\s+/g, ''))
    return bytes ? [{ type, headers, bytes }] : []
  })
}

/** ASCII text of bytes; what is not ASCII cannot be PEM. */
export function asciiOf(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

interface Element {
  readonly tag: number
  readonly start: number
  readonly end: number
}

/** The element of DER that begins at `at`; `undefined` where there is none. */
function elementAt(bytes: Uint8Array, at: number): Element | undefined {
  const [tag, first] = [bytes[at], bytes[at + 1]]
  if (tag === undefined || first === undefined) return undefined
  const digits = first < 0x80 ? 0 : first & 0x7f
  if (digits > 4) return undefined
  let length = digits === 0 ? first : 0
  for (let index = 0; index < digits; index++) length = length * 256 + (bytes[at + 2 + index] ?? 0)
  const start = at + 2 + digits
  return start + length <= bytes.length ? { tag, start, end: start + length } : undefined
}

const SEQUENCE = 0x30
const BITS = 0x03

/** What certificates and requests have in common: something, an algorithm, and a signature. In Go's words where it is not so. */
export function whyNotSigned(bytes: Uint8Array): string | undefined {
  const whole = elementAt(bytes, 0)
  if (!whole) return 'asn1: syntax error: data truncated'
  if (whole.tag !== SEQUENCE) return 'asn1: structure error: tags don\'t match'
  if (whole.end < bytes.length) return 'asn1: syntax error: trailing data'
  const wanted = [SEQUENCE, SEQUENCE, BITS]
  let at = whole.start
  for (const tag of wanted) {
    const part = elementAt(bytes, at)
    if (!part || part.end > whole.end) return 'asn1: syntax error: data truncated'
    if (part.tag !== tag) return 'asn1: structure error: tags don\'t match'
    at = part.end
  }
  return undefined
}
