/** Reads an `Accept` header (RFC 9110): what the client would like, most wanted first. PURE. */
export interface MediaRange {
  /** `application/json`, `application/*` or `*∕*`, lower case. */
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
  readonly quality: number
}

export function parseAccept(header: string | undefined): readonly MediaRange[] {
  if (header === undefined || header.trim() === '') return [{ type: '*/*', parameters: {}, quality: 1 }]
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
