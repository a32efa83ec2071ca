/** Regular expressions in expressions. */
import { compileRe2, type Pattern } from '../../shared/kit/re2.ts'
import { CelFault, type Value } from './values.ts'

/** @param saying what comes before the words of what is wrong with it. */
export function patternOf(text: Value, saying = ''): Pattern {
  const read = compileRe2(text as string)
  if (read.kind === 'refused') throw new CelFault(`${saying}${read.problem}`)
  return read.pattern
}

/** What a search looks at, by the four: few characters of a pattern may become very many steps. Nothing for a pattern that cannot be read. */
export function searchWork([text, pattern]: readonly Value[]): number {
  const read = typeof text === 'string' && typeof pattern === 'string' ? compileRe2(pattern) : undefined
  return read?.kind === 'pattern' ? ((text as string).length * read.pattern.steps) / 4 : 0
}
