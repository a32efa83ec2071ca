/** What can be seen to be wrong in a checked expression before anything runs: texts that no function takes, lists and maps of mixed types. */
import { compileRe2 } from '../../shared/kit/re2.ts'
import type { Expression, Problem } from './ast.ts'
import type { Checked } from './check.ts'
import { clauseProblem, templateParts } from './format-text.ts'
import { partsOf } from './parts.ts'
import { parseDuration, parseTimestamp } from './times.ts'
import { type CelType, typeText } from './types.ts'

export const literalProblems = (expression: Expression, { types }: Checked): readonly Problem[] => problemsIn(expression, { types, mixes: false })

interface Where {
  readonly types: Checked['types']
  /** Within `format`, whose arguments are of any types. */
  readonly mixes: boolean
}

function problemsIn(one: Expression, where: Where): readonly Problem[] {
  const inner = one.kind === 'call' && one.name === 'format' ? { ...where, mixes: true } : where
  return [...ownProblems(one, where), ...partsOf(one).flatMap((part) => problemsIn(part, inner))]
}

const isWrong: Readonly<Record<string, (text: string) => boolean>> = {
  matches: (text) => compileRe2(text).kind === 'refused',
  duration: (text) => parseDuration(text) === undefined,
  timestamp: (text) => parseTimestamp(text) === undefined,
}

function ownProblems(one: Expression, { types, mixes }: Where): readonly Problem[] {
  switch (one.kind) {
    case 'call': {
      const argument = one.args.at(-1)
      const check = Object.hasOwn(isWrong, one.name) ? isWrong[one.name] : undefined
      if (one.name === 'format') return formatProblems(one, types)
      return check && argument?.kind === 'constant' && typeof argument.value === 'string' && check(argument.value) ? [{ at: argument.at, message: `invalid ${one.name} argument` }] : []
    }
    case 'list':
      return mixes ? [] : mixed(one.items.map((item) => ({ at: item.at, type: types.get(item) }))).slice(0, 1)
    case 'map':
      return mixes ? [] : [...mixed(one.entries.map(([key]) => ({ at: key.at, type: types.get(key) }))), ...mixed(one.entries.map(([key, value]) => ({ at: value.at, type: valueType(types.get(value), key.kind === 'optional') })))]
    default:
      return []
  }
}

/** Templates and arguments that are written out are held against each other. */
function formatProblems({ at, target, args }: Extract<Expression, { kind: 'call' }>, types: Checked['types']): readonly Problem[] {
  const [list] = args
  if (target?.kind !== 'constant' || typeof target.value !== 'string' || list?.kind !== 'list' || args.length !== 1) return []
  let used = 0
  for (const part of templateParts(target.value)) {
    if (part.kind === 'text') continue
    const argument = list.items[used]
    if (!argument && (part.kind === 'clause' || part.message !== 'unexpected end of string')) return [{ at, message: `index ${used} out of range` }]
    if (part.kind === 'problem') return [{ at, message: part.message }]
    used++
    const type = argument && types.get(argument)
    const problem = type?.kind === 'plain' ? clauseProblem(part, type.name) : type?.kind === 'list' || type?.kind === 'map' ? clauseProblem(part, type.kind) : undefined
    if (argument && problem !== undefined) return [{ at: argument.at, message: problem }]
  }
  return list.items.length > used ? [{ at, message: `too many arguments supplied to string.format (expected ${used}, got ${list.items.length})` }] : []
}

/** What is there only if it has a value stands in the map as that. */
const valueType = (type: CelType | undefined, isOptional: boolean): CelType | undefined => (isOptional && type?.kind === 'optional' ? type.of : type)

/** All are of the type of the first, as far as their types are known. */
function mixed(parts: ReadonlyArray<{ readonly at: number; readonly type: CelType | undefined }>): readonly Problem[] {
  const known = parts.flatMap(({ at, type }) => (type && isKnown(type) ? [{ at, text: typeText(type) }] : []))
  const [first] = known
  return first === undefined || known.length < parts.length ? [] : known.filter(({ text }) => text !== first.text).map(({ at, text }) => ({ at, message: `expected type '${first.text}' but found '${text}'` }))
}

const isKnown = (type: CelType): boolean => !/\b(?:dyn|error)\b/.test(typeText(type))
