/** Regular expressions in expressions. */
import { compileRe2, type Pattern } from '../../shared/kit/re2.ts'
import { TIME_PARTS } from './times.ts'
import { CelFault, type Value } from './values.ts'

/** @param saying what comes before the words of what is wrong with it. */
export function patternOf(text: Value, saying = ''): Pattern {
  const read = compileRe2(text as string)
  if (read.kind === 'refused') throw new CelFault(`${saying}${read.problem}`)
  return read.pattern
}

/** Few characters of a pattern may become very many steps. */
function stepsOfSearch([text, sought]: readonly Value[]): number {
  const read = typeof text === 'string' && typeof sought === 'string' ? compileRe2(sought) : undefined
  return read?.kind === 'pattern' ? ((text as string).length * read.pattern.steps) / 4 : 0
}

/** Each place of one with the other. */
const stepsOfParts = ([text, sought]: readonly Value[]): number => (typeof text === 'string' && typeof sought === 'string' ? (text.length * sought.length) / 25 : 0)

/** Characters beyond Latin-1: a text without them is counted and cut without being read. */
const WIDE = /[^\x00-\xff]/
const stepsOfCounting = ([text]: readonly Value[]): number => (typeof text === 'string' && text.length > 100 && WIDE.test(text) ? text.length / 5 : 0)

/** Clocks of zones that have a name are slow. */
const CLOCK = 800
const stepsOfClock = ([, zone]: readonly Value[]): number => (typeof zone === 'string' && /^[A-Z]/i.test(zone) && zone !== 'UTC' ? CLOCK : 0)

const READS: Readonly<Record<string, (values: readonly Value[]) => number>> = {
  ...Object.fromEntries(['matches', 'find', 'findAll'].map((name) => [name, stepsOfSearch])),
  ...Object.fromEntries(['indexOf', 'lastIndexOf', 'replace', 'split'].map((name) => [name, (values: readonly Value[]) => stepsOfParts(values) + stepsOfCounting(values)])),
  ...Object.fromEntries(TIME_PARTS.map((name) => [name, stepsOfClock])),
  ...Object.fromEntries(['size', 'charAt', 'substring'].map((name) => [name, stepsOfCounting])),
}

/** What calls of that name look at, at worst, beside what they cost. */
export const readsOf = (name: string): ((values: readonly Value[]) => number) | undefined => (Object.hasOwn(READS, name) ? READS[name] : undefined)
