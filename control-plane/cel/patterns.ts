/** Regular expressions in expressions. */
import { compileRe2, type Pattern } from '../../shared/kit/re2.ts'
import { CelFault, type Value } from './values.ts'

/** @param saying what comes before the words of what is wrong with it. */
export function patternOf(text: Value, saying = ''): Pattern {
  const read = compileRe2(text as string)
  if (read.kind === 'refused') throw new CelFault(`${saying}${read.problem}`)
  return read.pattern
}

const BY_PATTERN: ReadonlySet<string> = new Set(['matches', 'find', 'findAll'])
/** What costs by the text alone. */
const BY_PART: ReadonlySet<string> = new Set(['indexOf', 'lastIndexOf', 'replace', 'split'])

/** What a search of that name looks at at worst: of patterns by the four, for few characters may become very many steps; of texts by the twenty-five. */
export function searchWork(name: string, [text, sought]: readonly Value[]): number {
  if (typeof text !== 'string' || typeof sought !== 'string') return 0
  if (BY_PART.has(name)) return (text.length * sought.length) / 25
  const read = BY_PATTERN.has(name) ? compileRe2(sought) : undefined
  return read?.kind === 'pattern' ? (text.length * read.pattern.steps) / 4 : 0
}
