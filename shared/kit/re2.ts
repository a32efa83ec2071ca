/** Go's regular expressions (RE2): a text is read in linear time, whatever the pattern. Who needs them rarely imports this file when they are needed: the library takes 4 MB. */
import { RE2JS, RE2JSSyntaxException } from 're2js'
import type { Patterns } from '../model/structural/patterns.ts'

export type Compiled = { readonly kind: 'pattern'; readonly pattern: Pattern } | { readonly kind: 'refused'; /** In Go's words: `error parsing regexp: …`. */ readonly problem: string }

export interface Pattern {
  /** Whether it occurs somewhere in the text. */
  test(text: string): boolean
  /** As Go's `FindAllString`: an empty match that touches the one before is none; fewer than 0: all. */
  findAll(text: string, limit: number): readonly string[]
}

/** One takes some 30 KB. */
const MOST_REMEMBERED = 500
/** Patterns also come from fields of objects, and may be as long as those; reading one takes longer than quadratic time at worst. */
const MOST_CHARACTERS = 20_000
const remembered = new Map<string, Compiled>()
/** Of all that are remembered. */
let characters = 0

export function compileRe2(pattern: string): Compiled {
  const known = remembered.get(pattern)
  if (known) return known
  if (pattern.length > MOST_CHARACTERS) return refused('expression too large', pattern)
  const made = compiled(pattern)
  characters += pattern.length
  remembered.set(pattern, made)
  for (const oldest of remembered.keys()) {
    if (remembered.size <= MOST_REMEMBERED && characters <= 5 * MOST_CHARACTERS) break
    remembered.delete(oldest)
    characters -= oldest.length
  }
  return made
}

function compiled(pattern: string): Compiled {
  try {
    return { kind: 'pattern', pattern: patternOf(RE2JS.compile(pattern)) }
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) return refused(error.error, error.input ?? (error.error.startsWith('trailing backslash') ? '' : pattern))
    throw error
  }
}

const refused = (problem: string, part: string): Compiled => ({ kind: 'refused', problem: `error parsing regexp: ${problem}: \`${part}\`` })

const patternOf = (made: RE2JS): Pattern => ({
  test: (text) => made.test(text),
  findAll: (text, limit) => found(made, text, limit),
})

function found(made: RE2JS, text: string, limit: number): readonly string[] {
  const parts: string[] = []
  const matcher = made.matcher(text)
  let [from, lastEnd] = [0, -1]
  while (parts.length !== limit && from <= text.length && matcher.find(from)) {
    const [start, end] = [matcher.start(), matcher.end()]
    if (start < end || start !== lastEnd) parts.push(text.slice(start, end))
    lastEnd = end
    from = end > from ? end : from + ((text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1)
  }
  return parts
}

/** For the walkers of schemas. */
export const re2Patterns: Patterns = {
  problemOf(pattern) {
    const read = compileRe2(pattern)
    return read.kind === 'refused' ? read.problem : undefined
  },
  occursIn(pattern, text) {
    const read = compileRe2(pattern)
    return read.kind === 'refused' || read.pattern.test(text)
  },
}
