/** One record of a CRI log. */
export interface CriRecord {
  /** RFC 3339 with nanoseconds, as written. */
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  /** The text ends here without a line's end: more of the line follows. */
  readonly partial: boolean
  readonly text: Uint8Array
}

const SPACE = 0x20

/** Takes one line (without its line feed) apart; undefined where it is no record. */
export function parseCriLine(line: Uint8Array): CriRecord | undefined {
  const first = line.indexOf(SPACE)
  const second = line.indexOf(SPACE, first + 1)
  const third = line.indexOf(SPACE, second + 1)
  if (first < 0 || second < 0 || third < 0) return undefined
  const word = (from: number, to: number): string => String.fromCharCode(...line.subarray(from, to))
  const stream = word(first + 1, second)
  if (stream !== 'stdout' && stream !== 'stderr') return undefined
  // The tag may carry more after a colon.
  const tag = word(second + 1, third).split(':')[0]
  return { time: word(0, first), stream, partial: tag === 'P', text: line.subarray(third + 1) }
}

/** The time as clients are shown it: in UTC, ending in `Z`. */
export const shownTime = (time: string): string => (time.endsWith('+00:00') ? `${time.slice(0, -6)}Z` : time)

const LINE_FEED = 0x0a

/** Cuts bytes into lines, keeping what has no end yet for the next bytes. */
export class LineCutter {
  #rest: Uint8Array = new Uint8Array()

  /** Lines that have an end, without it. */
  cut(bytes: Uint8Array): readonly Uint8Array[] {
    let data = this.#rest.byteLength === 0 ? bytes : concat(this.#rest, bytes)
    const lines: Uint8Array[] = []
    for (let end = data.indexOf(LINE_FEED); end >= 0; end = data.indexOf(LINE_FEED)) {
      lines.push(data.subarray(0, end))
      data = data.subarray(end + 1)
    }
    this.#rest = data.slice()
    return lines
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.byteLength + b.byteLength)
  joined.set(a)
  joined.set(b, a.byteLength)
  return joined
}
