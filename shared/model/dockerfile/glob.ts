/**
 * Patterns for names, held against a text in time that grows as one times the other and no faster: who wrote a pattern may want the builder to hang on it. Pure.
 */
type Token =
  | { readonly kind: 'one'; readonly fits: Fits }
  /** Any number, none too. */
  | { readonly kind: 'many'; readonly fits: Fits }
  /** So many of those behind it may be left out. */
  | { readonly kind: 'maybe'; readonly count: number }

type Fits = (char: string) => boolean

export interface Glob {
  /** The whole text. */
  test(text: string): boolean
}

const anything: Fits = () => true
const notSlash: Fits = (char) => char !== '/'

const ANYTHING: Token = { kind: 'many', fits: anything }

/** Where matches end that begin at the start of a text: the shortest first. All ways through the pattern are gone at once, a character of the text at a time. */
function* endsOf(tokens: readonly Token[], text: string, from = 0): Generator<number> {
  const seen = new Uint32Array(tokens.length + 1)
  let now: number[] = []
  enter(tokens, 0, { seen, stamp: 1, into: now })
  for (let at = from; now.length > 0; at++) {
    if (seen[tokens.length] === at - from + 1) yield at
    if (at >= text.length) return
    const char = text.charAt(at)
    const next: Entered = { seen, stamp: at - from + 2, into: [] }
    for (const place of now) {
      const token = tokens[place]
      if (token === undefined || token.kind === 'maybe' || !token.fits(char)) continue
      enter(tokens, token.kind === 'many' ? place : place + 1, next)
    }
    now = next.into
  }
}

interface Entered {
  /** Of each place: when it was last come to. */
  readonly seen: Uint32Array
  readonly stamp: number
  readonly into: number[]
}

/** A place in the pattern, with all that can be had from it for no character. */
function enter(tokens: readonly Token[], first: number, { seen, stamp, into }: Entered): void {
  const open = [first]
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (seen[place] === stamp) continue
    seen[place] = stamp
    into.push(place)
    const token = tokens[place]
    if (token === undefined || token.kind === 'one') continue
    open.push(place + 1)
    if (token.kind === 'maybe') open.push(place + 1 + token.count)
  }
}

const NOTHING: Glob = { test: () => false }
const FOLDERS: readonly Token[] = [{ kind: 'maybe', count: 2 }, ANYTHING, { kind: 'one', fits: (char) => char === '/' }]

/** Of paths: `*` and `?` within a name, `**` over folders too, `[a-z]` as everywhere. A pattern that is none fits nothing. */
export function globOf(pattern: string): Glob {
  const tokens: Token[] = []
  const start = literalStart(pattern)
  let wasFolders = false
  for (let at = start.length; at < pattern.length; at++) {
    const char = pattern.charAt(at)
    const isFolders = pattern.startsWith('**', at)
    if (isFolders) {
      at += pattern.charAt(at + 2) === '/' ? 2 : 1
      if (at + 1 >= pattern.length) tokens.push(ANYTHING)
      // Twice is no more than once.
      else if (!wasFolders) tokens.push(...FOLDERS)
    } else if (char === '*') tokens.push({ kind: 'many', fits: notSlash })
    else if (char === '?') tokens.push({ kind: 'one', fits: notSlash })
    else if (char === '[') {
      const end = pattern.indexOf(']', at + 2)
      const among = end < 0 ? undefined : classOf(pattern.slice(at + 1, end))
      if (among === undefined) return NOTHING
      tokens.push({ kind: 'one', fits: among })
      at = end
    } else tokens.push(only(char === '\\' && at + 1 < pattern.length ? pattern.charAt(++at) : char))
    wasFolders = isFolders
  }
  return globFrom(start, tokens)
}

/** Most patterns begin with a name, and most paths with another. */
function globFrom(start: string, tokens: readonly Token[]): Glob {
  if (tokens.length === 0) return { test: (text) => text === start }
  const least = start.length + tokens.filter(({ kind }, at) => kind === 'one' && tokens[at - 2]?.kind !== 'maybe').length
  return {
    test: (text) => {
      if (text.length < least || !text.startsWith(start)) return false
      for (const end of endsOf(tokens, text, start.length)) if (end === text.length) return true
      return false
    },
  }
}

const literalStart = (pattern: string): string => /^[^*?[\\]*/.exec(pattern)?.[0] ?? ''

const only = (wanted: string): Token => ({ kind: 'one', fits: (char) => char === wanted })

/** Held against one character at a time, an expression of the language cannot take long. */
function classOf(inside: string): Fits | undefined {
  try {
    const pattern = new RegExp(`^[${inside.replace(/[\\[]/g, '\\$&')}]$`, 's')
    return (char) => pattern.test(char)
  } catch {
    return undefined
  }
}
