/** Base64 (RFC 4648, with padding) for pure code, which has neither `Buffer` nor `btoa`. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The UTF-8 bytes of a text; a lone surrogate becomes U+FFFD. */
export function utf8Bytes(text: string): Uint8Array {
  const bytes: number[] = []
  for (const char of text.toWellFormed()) {
    const code = char.codePointAt(0) ?? 0
    if (code < 0x80) bytes.push(code)
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63))
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
  }
  return Uint8Array.from(bytes)
}

/** The text's UTF-8 bytes in base64. */
export function encodeBase64(text: string): string {
  const bytes = utf8Bytes(text)
  let encoded = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    const have = Math.min(3, bytes.length - at)
    for (let digit = 0; digit < 4; digit++) encoded += digit <= have ? ALPHABET.charAt((group >> (18 - 6 * digit)) & 63) : '='
  }
  return encoded
}

/** The bytes of a base64 text, or `undefined` if it is none. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const clean = text.replace(/[\r\n]/g, '')
  if (clean.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(clean)) return undefined
  const padding = clean.endsWith('==') ? 2 : clean.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array((clean.length / 4) * 3 - padding)
  for (let at = 0, to = 0; at < clean.length; at += 4) {
    let group = 0
    for (let digit = 0; digit < 4; digit++) group = (group << 6) | Math.max(0, ALPHABET.indexOf(clean.charAt(at + digit)))
    for (let byte = 0; byte < 3 && to < bytes.length; byte++) bytes[to++] = (group >> (16 - 8 * byte)) & 255
  }
  return bytes
}

/** How many bytes a base64 text stands for. */
export const base64Length = (text: string): number => Math.floor((text.replace(/[\r\n=]/g, '').length * 3) / 4)
