/**
 * Headers of HTTP/2 as bytes (RFC 7541). Neither side keeps a table of what went before (we ask the server for none, and use none): the same bytes always
 * mean the same, and answers of one server say the same few things again and again.
 */
import { headerText } from './header-text.ts'

export type Headers = Readonly<Record<string, string>>

/** What can be said by number: name, and value where there is one. */
const KNOWN = (
  ':authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204|:status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|' +
  'accept-encoding=gzip, deflate|accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control|content-disposition|content-encoding|content-language|' +
  'content-length|content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|' +
  'location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate'
)
  .split('|')
  .map((entry) => {
    const at = entry.indexOf('=')
    return at < 0 ? { name: entry, value: '' } : { name: entry.slice(0, at), value: entry.slice(at + 1) }
  })

const REMEMBERED = 64
const MAX_REMEMBERED_LENGTH = 256
const remembered = new Map<string, Headers>()

/** Names are in lower case. Throws `RangeError` for bytes that are no headers. */
export function readHeaders(block: Buffer): Headers {
  if (block.length > MAX_REMEMBERED_LENGTH) return new HeaderReader(block).read()
  const key = block.toString('latin1')
  const known = remembered.get(key)
  if (known) return known
  const headers = new HeaderReader(block).read()
  if (remembered.size >= REMEMBERED) remembered.clear()
  remembered.set(key, headers)
  return headers
}

class HeaderReader {
  readonly #block: Buffer
  #at = 0

  constructor(block: Buffer) {
    this.#block = block
  }

  read(): Headers {
    const headers: Record<string, string> = {}
    while (this.#at < this.#block.length) {
      const first = this.#block[this.#at] as number
      if (first >= 0x80) {
        const { name, value } = knownAt(this.#number(7))
        headers[name] = value
      } else if (first >= 0x40) this.#pair(6, headers)
      else if (first < 0x20) this.#pair(4, headers)
      else if (this.#number(5) > 0) throw new RangeError('a table of headers is kept that nobody asked for')
    }
    return headers
  }

  /** Names the header by number, or in letters. */
  #pair(bits: number, headers: Record<string, string>): void {
    const index = this.#number(bits)
    const name = index === 0 ? this.#text() : knownAt(index).name
    headers[name] = this.#text()
  }

  #text(): string {
    const isPacked = (this.#byte() & 0x80) !== 0
    this.#at--
    const length = this.#number(7)
    const bytes = this.#block.subarray(this.#at, this.#at + length)
    if (bytes.length < length) throw new RangeError('headers end in the midst of one')
    this.#at += length
    return isPacked ? headerText(bytes) : bytes.toString('latin1')
  }

  #number(bits: number): number {
    const most = 2 ** bits - 1
    let value = this.#byte() & most
    if (value < most) return value
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#byte()
      value += (byte & 0x7f) * factor
      if (value > this.#block.length + KNOWN.length) throw new RangeError('headers name a number that there is not')
      if (byte < 0x80) return value
    }
  }

  #byte(): number {
    const byte = this.#block[this.#at++]
    if (byte === undefined) throw new RangeError('headers end in the midst of one')
    return byte
  }
}

function knownAt(index: number): { readonly name: string; readonly value: string } {
  const known = KNOWN[index - 1]
  if (known === undefined) throw new RangeError('headers name a number that there is not')
  return known
}

/** Headers as they are said for the first time: those that have a number by it. */
export function writeHeaders(headers: ReadonlyArray<readonly [name: string, value: string]>): Buffer {
  const parts = headers.map(([name, value]) => {
    const whole = KNOWN.findIndex((known) => known.name === name && known.value === value) + 1
    if (whole > 0) return numbered(whole, 7, 0x80)
    const index = KNOWN.findIndex((known) => known.name === name) + 1
    return Buffer.concat([numbered(index, 4, 0), ...(index === 0 ? [textOf(name)] : []), textOf(value)])
  })
  return Buffer.concat(parts)
}

function textOf(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  return Buffer.concat([numbered(bytes.length, 7, 0), bytes])
}

function numbered(value: number, bits: number, kind: number): Buffer {
  const most = 2 ** bits - 1
  if (value < most) return Buffer.from([kind | value])
  const bytes = [kind | most]
  let rest = value - most
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return Buffer.from([...bytes, rest])
}
