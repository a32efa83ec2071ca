/** Calls that are no functions: `has()`, and comprehensions, which name the items that they go over. PURE. */
import type { Expression, Macro } from './ast.ts'

export interface Call {
  readonly name: string
  readonly target: Expression | undefined
  readonly args: readonly Expression[]
  /** Where its parenthesis opens. */
  readonly at: number
}

/** Tells what is wrong there. */
type Say = (at: number, message: string) => void

const NOT_A_NAME = 'argument must be a simple name'
const NO_IDENTIFIER = 'argument is not an identifier'

interface Form {
  readonly macro: Macro
  /** How many names come first, and whether a condition stands before the last argument. */
  readonly names: number
  readonly where?: boolean
  readonly unnamed: string
}

const quantifier = (macro: Macro): Readonly<Record<number, Form>> => ({ 2: { macro, names: 1, unnamed: NOT_A_NAME }, 3: { macro, names: 2, unnamed: NOT_A_NAME } })
const transform = (macro: Macro): Readonly<Record<number, Form>> => ({ 3: { macro, names: 2, unnamed: NOT_A_NAME }, 4: { macro, names: 2, where: true, unnamed: NOT_A_NAME } })

/** By name and number of arguments. */
const FORMS: Readonly<Record<string, Readonly<Record<number, Form>>>> = {
  all: quantifier('all'),
  exists: quantifier('exists'),
  exists_one: quantifier('existsOne'),
  existsOne: quantifier('existsOne'),
  map: { 2: { macro: 'map', names: 1, unnamed: NO_IDENTIFIER }, 3: { macro: 'map', names: 1, where: true, unnamed: NO_IDENTIFIER } },
  filter: { 2: { macro: 'filter', names: 1, unnamed: NO_IDENTIFIER } },
  sortBy: { 2: { macro: 'sortBy', names: 1, unnamed: NO_IDENTIFIER } },
  optMap: { 2: { macro: 'optMap', names: 1, unnamed: 'optMap() variable name must be a simple identifier' } },
  optFlatMap: { 2: { macro: 'optFlatMap', names: 1, unnamed: 'optFlatMap() variable name must be a simple identifier' } },
  transformList: transform('transformList'),
  transformMap: transform('transformMap'),
  transformMapEntry: transform('transformMapEntry'),
}

/** What a call is. */
export function expanded(call: Call, say: Say): Expression {
  const { name, target, args, at } = call
  const form = target && Object.hasOwn(FORMS, name) ? FORMS[name]?.[args.length] : undefined
  if (target && form) return folded(form, { ...call, target }, say)
  const [first] = args
  if (name !== 'has' || target || args.length !== 1 || !first) return { kind: 'call', ...call }
  if (first.kind === 'select') return { ...first, at, test: true }
  say(first.at, 'invalid argument to has() macro')
  return { kind: 'constant', at, value: null }
}

function folded({ macro, names: count, where, unnamed }: Form, { target, args, at }: Call & { readonly target: Expression }, say: Say): Expression {
  const names = args.slice(0, count).map((one) => (one.kind === 'name' ? one.name : say(one.at, unnamed)) ?? '')
  const [first, second] = names
  if (count === 2 && first !== '' && first === second) say(args[1]?.at ?? at, `duplicate variable name: ${first}`)
  for (const [index, name] of names.entries()) if (ACCUMULATORS.has(name)) say(args[index]?.at ?? at, 'iteration variable overwrites accumulator variable')
  return { kind: 'fold', at, macro, range: target, names, where: where ? args.at(-2) : undefined, body: args.at(-1) ?? target }
}

/** Under these names cel-go keeps what a comprehension has come to. */
const ACCUMULATORS: ReadonlySet<string> = new Set(['__result__', '@result'])
