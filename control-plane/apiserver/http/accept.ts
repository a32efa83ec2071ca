/** Reads an `Accept` header (RFC 9110): what the client would like, most wanted first. PURE. */
export interface MediaRange {
  /** `application/json`, `application/*` or `*∕*`, lower case. */
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
    const parameters = Object.fromEntries(rest.map((piece) => splitParameter(piece)))
    const quality = Number(parameters['q'] ?? 1)
    return [{ type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 1 }]
  })
  return ranges.filter((range) => range.quality > 0).toSorted((a, b) => b.quality - a.quality)
}

function splitParameter(piece: string): readonly [string, string] {
  const at = piece.indexOf('=')
  return at < 0 ? [piece.toLowerCase(), ''] : [piece.slice(0, at).trim().toLowerCase(), piece.slice(at + 1).trim().replace(/^"(.*)"$/, '$1')]
}

/** Whether a range covers a full media type. */
export const covers = (range: MediaRange, type: string): boolean => range.type === '*/*' || range.type === type || (range.type.endsWith('/*') && type.startsWith(range.type.slice(0, -1)))
