/**
 * Patterns on a variable's value, as a shell has them: `*` and `?` fit everything, slashes too, and all else stands for itself. Between stars each part is looked for once, from where the one
 * before it ended: time grows as the pattern times the value at worst, and nothing is gone back for. Pure.
 */
export type CutOperator = '#' | '##' | '%' | '%%' | '/' | '//'

interface Match {
  readonly start: number
  readonly end: number
}

interface Search {
  readonly from: number
  /** Nowhere but there. */
  readonly isAnchored?: boolean
  readonly isLongest: boolean
}

/**
 * Without a start or an end that fits a pattern, or with something else for it.
 * @param most characters that may come of it; undefined where it would be more
 */
export function cutValue(value: string, { operator, word, most }: { readonly operator: CutOperator; readonly word: string; readonly most: number }): string | undefined {
  switch (operator) {
    case '#':
    case '##':
      return value.slice(match(value, partsOf(word), { from: 0, isAnchored: true, isLongest: operator === '##' })?.end ?? 0)
    case '%':
    case '%%': {
      const found = match(reversed(value), partsOf(reversed(word)), { from: 0, isAnchored: true, isLongest: operator === '%%' })
      return value.slice(0, value.length - (found?.end ?? 0))
    }
    default: {
      const [pattern = '', ...by] = word.split('/')
      return replaced(value, { parts: partsOf(pattern), by: by.join('/'), all: operator === '//', most })
    }
  }
}

const partsOf = (pattern: string): readonly string[] => pattern.replace(/\*+/g, '*').split('*')
const reversed = (text: string): string => text.split('').reverse().join('')

/** The leftmost: where its parts are not behind one another from there, they are not from further on. */
function match(value: string, [first = '', ...rest]: readonly string[], { from, isAnchored = false, isLongest }: Search): Match | undefined {
  const start = isAnchored ? (fitsAt(value, first, from) ? from : -1) : indexOf(value, first, from)
  if (start < 0) return undefined
  let end = start + first.length
  let left = rest.length
  for (const part of rest) {
    const found = --left === 0 && isLongest ? lastIndexOf(value, part, end) : indexOf(value, part, end)
    if (found < 0) return undefined
    end = found + part.length
  }
  return { start, end }
}

function indexOf(value: string, part: string, from: number): number {
  if (!part.includes('?')) return value.indexOf(part, from)
  for (let at = from; at + part.length <= value.length; at++) if (fitsAt(value, part, at)) return at
  return -1
}

function lastIndexOf(value: string, part: string, from: number): number {
  for (let at = value.length - part.length; at >= from; at--) if (fitsAt(value, part, at)) return at
  return -1
}

function fitsAt(value: string, part: string, start: number): boolean {
  if (start + part.length > value.length) return false
  for (let at = 0; at < part.length; at++) if (part.charAt(at) !== '?' && part.charAt(at) !== value.charAt(start + at)) return false
  return true
}

interface Replacement {
  readonly parts: readonly string[]
  readonly by: string
  readonly all: boolean
  readonly most: number
}

/** The first that fits and is longest there; then those behind it. Nothing at all right behind one is none of its own. */
function replaced(value: string, { parts, by, all, most }: Replacement): string | undefined {
  const [only = ''] = parts
  // Most patterns are a text, and the language finds those fastest.
  if (all && parts.length === 1 && only !== '' && !only.includes('?')) return joined(value.split(only), by, most)
  const made: string[] = []
  let done = 0
  let inserted = 0
  let isBehindOne = false
  for (let at = 0; at <= value.length; ) {
    const found = match(value, parts, { from: at, isLongest: true })
    if (found === undefined) break
    const { start, end } = found
    at = end > start ? end : end + 1
    if (end === start && isBehindOne && start === done) continue
    inserted += by.length
    if (inserted > most) return undefined
    if (start > done) made.push(value.slice(done, start))
    if (by !== '') made.push(by)
    done = end
    if (!all) break
    isBehindOne = end > start
  }
  made.push(value.slice(done))
  return made.join('')
}

const joined = (kept: readonly string[], by: string, most: number): string | undefined => ((kept.length - 1) * by.length > most ? undefined : kept.join(by))
