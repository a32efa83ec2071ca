/** Reads an `Accept` header as Kubernetes does: what the client would like, most wanted first. PURE. */
export interface MediaRange {
  /** `application/json`, `application/*` or `*∕*`, as it was written. */
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
  readonly quality: number
}

/** Clients send the same few headers again and again. */
const REMEMBERED = 64
const MAX_REMEMBERED_LENGTH = 512
const known = new Map<string, readonly MediaRange[]>()

export function parseAccept(header: string | undefined): readonly MediaRange[] {
  if (header === undefined || header.trim() === '') return [{ type: '*/*', parameters: {}, quality: 1 }]
  const before = known.get(header)
  if (before) return before
  const ranges = readAccept(header)
  if (header.length > MAX_REMEMBERED_LENGTH) return ranges
  if (known.size >= REMEMBERED) known.clear()
  known.set(header, ranges)
  return ranges
}

function readAccept(header: string): readonly MediaRange[] {
  const ranges = header.split(',').flatMap((part): MediaRange[] => {
    const [type = '', ...rest] = part.split(';').map((piece) => piece.trim())
    if (type === '') return []
    const { q, ...parameters } = Object.fromEntries(rest.map((piece) => splitParameter(piece)))
    const quality = Number(q ?? 1)
    return [{ type, parameters, quality: Number.isFinite(quality) ? quality : 0 }]
  })
  return sorted(ranges)
}

/** Go sorts no longer lists by insertion. */
const SHORT = 12

/**
 * By insertion, as Go sorts short lists: what comes before what depends on where it stands, for a range without a star goes before one with,
 * whatever their qualities, and the other way round if it is wished for more.
 */
function sorted(ranges: readonly MediaRange[]): readonly MediaRange[] {
  if (ranges.length > SHORT) return ranges.toSorted((a, b) => b.quality - a.quality || starsIn(a) - starsIn(b))
  const list: MediaRange[] = []
  for (const range of ranges) {
    let at = list.length
    for (let before = list[at - 1]; before && goesBefore(range, before); before = list[at - 1]) at--
    list.splice(at, 0, range)
  }
  return list
}

const goesBefore = (a: MediaRange, b: MediaRange): boolean => a.quality > b.quality || starsIn(a) < starsIn(b)

const starsIn = ({ type }: MediaRange): number => type.split('*').length - 1

function splitParameter(piece: string): readonly [string, string] {
  const at = piece.indexOf('=')
  return at < 0 ? [piece, ''] : [piece.slice(0, at).trim(), piece.slice(at + 1).trim()]
}

/** Whether a range covers a full media type. */
export const covers = (range: MediaRange, type: string): boolean => range.type === '*/*' || range.type === type || (range.type.endsWith('/*') && type.startsWith(range.type.slice(0, -1)))

/** Whether Kubernetes' router finds one of the types in the header: it knows no other star than `*∕*`. */
export const isRouted = (ranges: readonly MediaRange[], types: readonly string[]): boolean => ranges.some(({ type }) => type === '*/*' || types.includes(type))
