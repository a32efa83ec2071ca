/** What a certificate or a request for one looks like from outside: PEM around DER. PURE; whoever needs what stands inside reads it with a library. */
import { decodeBase64 } from '../../../shared/model/base64.ts'

export interface PemBlock {
  readonly type: string
  readonly headers: boolean
  readonly bytes: Uint8Array
}

const BEGIN = /-----BEGIN ([^\n-]+)-----\r?\n/g
const END = /\r?\n?-----END ([^\n-]+)-----/g

/** Every block of a text; what stands between them is no matter. Each piece of the text is read once, however often something begins that never ends. */
export function pemBlocks(text: string): readonly PemBlock[] {
  const ends = Map.groupBy(text.matchAll(END), ([, type = '']) => type)
  const next = new Map<string, number>()
  const blocks: PemBlock[] = []
  let from = 0
  for (const { 0: line, 1: type = '', index } of text.matchAll(BEGIN)) {
    if (index < from) continue
    const start = index + line.length
    const own = ends.get(type) ?? []
    let at = next.get(type) ?? 0
    // The end of its first line may be the one before the end.
    while (at < own.length && (own[at]?.index ?? 0) + (own[at]?.[0].indexOf('-') ?? 0) < start) at++
    next.set(type, at)
    const end = own[at]
    if (!end) continue
    from = end.index + end[0].length
    blocks.push(...blockOf(type, text.slice(start, Math.max(start, end.index))))
  }
  return blocks
}

function blockOf(type: string, body: string): readonly PemBlock[] {
  const bytes = decodeBase64(body.replace(/^[^\n:]*:[^\n]*\n/gm, '').replace(/\s+/g, ''))
  return bytes ? [{ type, headers: body.includes(':'), bytes }] : []
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
