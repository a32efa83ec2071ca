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

/** Why certificates, in base64 of PEM, are no authorities to trust, in Go's words; `undefined` where they are, or where there are none. */
export function bundleProblem(bundle: string | undefined): string | undefined {
  if (!bundle) return undefined
  const blocks = pemBlocks(asciiOf(decodeBase64(bundle) ?? new Uint8Array()))
  if (blocks.some(({ type, headers }) => type === 'CERTIFICATE' && !headers)) return undefined
  return `unable to load root certificates: ${blocks.length === 0 ? 'unable to parse bytes as PEM block' : 'no valid certificate authority data seen'}`
}

interface Element {
  readonly class: number
  readonly tag: number
  readonly isCompound: boolean
  readonly start: number
  readonly end: number
}

/** The element of DER that begins at `at`, or why there is none. It may end after the bytes do. */
function elementAt(bytes: Uint8Array, at: number): Element | string {
  const [tag, first] = [bytes[at], bytes[at + 1]]
  if (tag === undefined) return 'asn1: syntax error: sequence truncated'
  if (first === undefined) return 'asn1: syntax error: truncated tag or length'
  const digits = first < 0x80 ? 0 : first & 0x7f
  if (first === 0x80) return 'asn1: syntax error: indefinite length found (not DER)'
  let length = digits === 0 ? first : 0
  for (let index = 0; index < digits; index++) {
    const digit = bytes[at + 2 + index]
    if (digit === undefined) return 'asn1: syntax error: truncated tag or length'
    if (index === 4) return 'asn1: structure error: length too large'
    length = length * 256 + digit
  }
  const start = at + 2 + digits
  return { class: tag >> 6, tag: tag & 0x1f, isCompound: (tag & 0x20) !== 0, start, end: start + length }
}

const SEQUENCE = 16
const BITS = 3

/** Go names the type it wanted, here the outermost. */
function otherTag(found: Element, wanted: number): string {
  const text = `{class:${found.class} tag:${found.tag} length:${found.end - found.start} isCompound:${found.isCompound}}`
  return `asn1: structure error: tags don't match (${wanted} vs ${text}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}`
}

const isTagged = (element: Element, tag: number): boolean => element.class === 0 && element.tag === tag && element.isCompound === (tag === SEQUENCE)

/** What certificates and requests have in common: something, an algorithm, and a signature. In Go's words where it is not so. */
export function whyNotSigned(bytes: Uint8Array): string | undefined {
  const whole = elementAt(bytes, 0)
  if (typeof whole === 'string') return whole
  if (!isTagged(whole, SEQUENCE)) return `${otherTag(whole, SEQUENCE)} certificateRequest @${whole.start}`
  if (whole.end > bytes.length) return 'asn1: syntax error: data truncated'
  const inside = bytes.subarray(0, whole.end)
  const wanted = [
    [SEQUENCE, 'tbsCertificateRequest'],
    [SEQUENCE, 'AlgorithmIdentifier'],
    [BITS, 'BitString'],
  ] as const
  let at = whole.start
  for (const [tag, name] of wanted) {
    const part = elementAt(inside, at)
    if (typeof part === 'string') return part
    if (!isTagged(part, tag)) return `${otherTag(part, tag)} ${name} @${part.start - whole.start}`
    if (part.end > inside.length) return 'asn1: syntax error: data truncated'
    at = part.end
  }
  return whole.end < bytes.length ? 'asn1: syntax error: trailing data' : undefined
}
