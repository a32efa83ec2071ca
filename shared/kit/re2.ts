/** Go's regular expressions (RE2): a text is read in linear time, whatever the pattern. Who needs them rarely imports this file when they are needed: the library takes 4 MB. */
import { RE2JS, RE2JSSyntaxException } from 're2js'
import type { Patterns } from '../model/structural/patterns.ts'
import { estimatedSteps } from './re2-size.ts'

export type Compiled = { readonly kind: 'pattern'; readonly pattern: Pattern } | { readonly kind: 'refused'; /** In Go's words: `error parsing regexp: …`. */ readonly problem: string }

export interface Pattern {
  /** By each of them a character of a text may be looked at. */
  readonly steps: number
  /** Whether it occurs somewhere in the text. */
  test(text: string): boolean
  /** As Go's `FindAllString`: an empty match that touches the one before is none; fewer than 0: all. Throws a RangeError where each match would be looked for very far. */
  findAll(text: string, limit: number): readonly string[]
}

/** One takes some 30 KB. */
const MOST_REMEMBERED = 500
/** Patterns also come from fields of objects, and may be as long as those; reading one takes longer than quadratic time at worst. */
const MOST_CHARACTERS = 20_000
/** What a text is held against is bounded too, as RE2 bounds its programs: each character of a text may be looked at by each step. */
const MOST_STEPS = 100_000
/** Characters, and the steps that they become, of all that are remembered: a step takes some 80 bytes, and few characters may become very many (`x{1000}`). */
const MOST_SIZE = 200_000
const remembered = new Map<string, Sized>()
let size = 0

interface Sized {
  readonly read: Compiled
  readonly size: number
}

export function compileRe2(pattern: string): Compiled {
  const known = remembered.get(pattern)
  if (known) return known.read
  if (pattern.length > MOST_CHARACTERS || estimatedSteps(pattern) > MOST_STEPS) return refused('expression too large', pattern)
  const made = compiled(pattern)
  size += made.size
  remembered.set(pattern, made)
  for (const [oldest, one] of remembered) {
    if (one === made || (remembered.size <= MOST_REMEMBERED && size <= MOST_SIZE)) break
    remembered.delete(oldest)
    size -= one.size
  }
  return made.read
}

function compiled(pattern: string): Sized {
  try {
    const made = RE2JS.compile(pattern)
    return { read: { kind: 'pattern', pattern: patternOf(made) }, size: pattern.length + made.programSize() }
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) return { read: refused(error.error, error.input ?? (error.error.startsWith('trailing backslash') ? '' : pattern)), size: pattern.length }
    throw error
  }
}

const refused = (problem: string, part: string): Compiled => ({ kind: 'refused', problem: `error parsing regexp: ${problem}: \`${part}\`` })

const patternOf = (made: RE2JS): Pattern => ({
  steps: made.programSize(),
  test: (text) => made.test(text),
  findAll: (text, limit) => found(made, text, limit),
})

/** Characters that all matches of one search may look at beyond their ends. */
const MOST_LOOKED_AT = 10_000_000
/** What ends with what may be repeated for ever looks no further than it matches; else a match may be known only at the end of the text (`b.*?c|b`). */
const looksFar = (pattern: string): boolean => /[*+]|\{\d*,\}/.test(pattern.replace(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]/gs, 'x').replace(/(?:[*+]|\{\d*,\})\??\)*$/, ''))
/** Longer ones look further than it takes to begin a match. */
const FEW_STEPS = 100

function found(made: RE2JS, text: string, limit: number): readonly string[] {
  const parts: string[] = []
  const matcher = made.matcher(text)
  const furthest = looksFar(made.pattern()) ? text.length : made.programSize() > FEW_STEPS ? made.programSize() : 0
  let [from, lastEnd, looked] = [0, -1, 0]
  while (parts.length !== limit && from <= text.length && matcher.find(from)) {
    const [start, end] = [matcher.start(), matcher.end()]
    if (start < end || start !== lastEnd) parts.push(text.slice(start, end))
    looked += Math.min(furthest, text.length - end)
    if (looked > MOST_LOOKED_AT) throw new RangeError('too much to look at')
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
