/** Expressions as trees, with the places that errors name. */
import { byteLength } from '../../shared/model/go-text.ts'
import type { Value } from './values.ts'

interface Node {
  /** Index into the text: where an error about it points. */
  readonly at: number
}

export type Expression = Node &
  (
    | { readonly kind: 'constant'; readonly value: Value }
    | { readonly kind: 'name'; readonly name: string }
    /** `optional`: of `.?`; `test`: of `has()`. */
    | { readonly kind: 'select'; readonly operand: Expression; readonly field: string; readonly optional: boolean; readonly test: boolean }
    | { readonly kind: 'call'; readonly name: string; readonly target: Expression | undefined; readonly args: readonly Expression[] }
    | { readonly kind: 'list'; readonly items: readonly Expression[] }
    | { readonly kind: 'map'; readonly entries: ReadonlyArray<readonly [Expression, Expression]> }
    | { readonly kind: 'fold'; readonly macro: Macro; readonly range: Expression; readonly names: readonly string[]; readonly where: Expression | undefined; readonly body: Expression }
    | { readonly kind: 'message'; readonly type: string; readonly fields: ReadonlyArray<{ readonly name: string; readonly value: Expression; readonly isOptional: boolean }> }
    /** A key or an item that is there only if its value (or it) is. */
    | { readonly kind: 'optional'; readonly part: Expression }
  )

export type Macro = 'all' | 'exists' | 'existsOne' | 'map' | 'filter' | 'transformList' | 'transformMap' | 'transformMapEntry' | 'sortBy' | 'optMap' | 'optFlatMap'

export interface Problem {
  /** Below 0: nowhere in particular. */
  readonly at: number
  readonly message: string
}

/** Each is told with the whole line that it is on. */
const MOST_PROBLEMS = 100

/** As cel-go prints what is wrong: the place, the line, a pointer. */
export function problemsText(text: string, problems: readonly Problem[]): string {
  const told = problems.slice(0, MOST_PROBLEMS).sort((a, b) => a.at - b.at).map((problem) => problemText(text, problem))
  return [...told, ...(problems.length > MOST_PROBLEMS ? [`${problems.length - MOST_PROBLEMS} more errors were truncated`] : [])].join('\n')
}

/** Longer lines, in bytes, are not shown. */
const LONGEST_LINE = 16_384

/** Places are counted in code points; what takes more than a byte is pointed at more widely. */
function problemText(text: string, { at, message }: Problem): string {
  if (at < 0) return `ERROR: <input>:-1:0: ${message}`
  const before = text.slice(0, at).split('\n')
  const left = [...(before.at(-1) ?? '').replaceAll('\t', ' ')]
  const line = (text.split('\n')[before.length - 1] ?? '').replaceAll('\t', ' ')
  const told = `ERROR: <input>:${before.length}:${left.length + 1}: ${message}`
  const pointed = text.codePointAt(at) ?? 0
  return byteLength(line) > LONGEST_LINE ? told : `${told}\n | ${line}\n | ${left.map((one) => (one > '\x7f' ? '．' : '.')).join('')}${pointed > 0x7f ? '＾' : '^'}`
}
