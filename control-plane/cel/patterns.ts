/** Regular expressions in expressions. */
import { compileRe2, type Pattern } from '../../shared/kit/re2.ts'
import { CelFault, type Value } from './values.ts'

export function patternOf(text: Value): Pattern {
  const read = compileRe2(text as string)
  if (read.kind === 'refused') throw new CelFault(read.problem)
  return read.pattern
}
