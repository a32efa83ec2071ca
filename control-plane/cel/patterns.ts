/** Regular expressions in expressions. */
import { compileRe2, type Pattern } from '../../shared/kit/re2.ts'
import { CelFault, type Value } from './values.ts'

/** @param saying what comes before the words of what is wrong with it. */
export function patternOf(text: Value, saying = ''): Pattern {
  const read = compileRe2(text as string)
  if (read.kind === 'refused') throw new CelFault(`${saying}${read.problem}`)
  return read.pattern
}
