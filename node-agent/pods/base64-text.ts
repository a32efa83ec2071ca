import { decodeBase64 } from '../../shared/model/base64.ts'

/** The text in a base64 value (UTF-8; what is none of it becomes U+FFFD; what is no base64 is empty). Pure. */
export const decodeBase64Text = (text: string): string => decodeUtf8(decodeBase64(text) ?? new Uint8Array())

function decodeUtf8(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0
    const extra = lead < 0x80 ? 0 : lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : -1
    const tail = bytes.slice(at + 1, at + 1 + Math.max(0, extra))
    const valid = extra >= 0 && tail.length === extra && [...tail].every((byte) => (byte & 0xc0) === 0x80)
    const code = valid ? [...tail].reduce((sum, byte) => (sum << 6) | (byte & 0x3f), extra === 0 ? lead : lead & (0x3f >> extra)) : 0xfffd
    text += String.fromCodePoint(code > 0x10ffff ? 0xfffd : code)
    at += valid ? 1 + extra : 1
  }
  return text
}
