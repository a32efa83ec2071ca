/** Texts in headers of HTTP/2, in which a frequent letter takes fewer bits (RFC 7541, appendix B). */

/** How many bits each byte takes, in base 36, and after all of them the end that must not come. Codes are given out by length, and within one by the byte: so lengths say all. */
const LENGTHS = [
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca',
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds',
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn',
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq',
  'u',
].join('')
const LONGEST = 30
const END = 256

interface Codes {
  /** The first code of its length. */
  readonly first: number
  readonly bytes: readonly number[]
}

function codesByLength(): readonly Codes[] {
  const all: Codes[] = []
  let first = 0
  for (let length = 0; length <= LONGEST; length++) {
    const bytes = [...LENGTHS].flatMap((digit, byte) => (Number.parseInt(digit, 36) === length ? [byte] : []))
    all.push({ first, bytes })
    first = 2 * (first + bytes.length)
  }
  return all
}

const CODES = codesByLength()

/** Throws `RangeError` for what is no such text. */
export function headerText(packed: Uint8Array): string {
  const bytes: number[] = []
  let code = 0
  let length = 0
  for (const eight of packed) {
    for (let bit = 7; bit >= 0; bit--) {
      code = 2 * code + ((eight >> bit) & 1)
      const { first, bytes: known } = CODES[++length] as Codes
      const byte = known[code - first]
      if (byte === END || (byte === undefined && length === LONGEST)) throw new RangeError('a header is packed wrongly')
      if (byte === undefined) continue
      bytes.push(byte)
      code = 0
      length = 0
    }
  }
  // What fills the last byte is the beginning of the end: ones.
  if (length > 7 || code !== 2 ** length - 1) throw new RangeError('a header is packed wrongly')
  return Buffer.from(bytes).toString('latin1')
}
