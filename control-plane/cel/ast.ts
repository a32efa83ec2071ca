/** Expressions as trees, with the places that errors name. The parser is a library's; nobody else sees its trees. */
import { Environment, ParseError, type ASTNode } from '@marcbachmann/cel-js'
import { MESSAGE, OPTIONAL, rewritten } from './literals.ts'
import { syntaxProblemsOf } from './syntax.ts'
import { Uint, type Value } from './values.ts'

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
  readonly at: number
  readonly message: string
}

export type Parsed = { readonly kind: 'parsed'; readonly expression: Expression } | { readonly kind: 'problems'; readonly problems: readonly Problem[] }

const parser = new Environment({ unlistedVariablesAreDyn: true, enableOptionalTypes: true, limits: { maxListElements: 10_000, maxMapEntries: 10_000, maxDepth: 250 } })

export function parse(written: string): Parsed {
  const { text, origin } = rewritten(written)
  const place = (at: number): number => origin?.[at] ?? at
  try {
    const expression = new Reader(text).read(parser.parse(text).ast)
    return { kind: 'parsed', expression: origin ? relocated(expression, place) : expression }
  } catch (error) {
    if (error instanceof Misread) return { kind: 'problems', problems: [{ ...error.problem, at: place(error.problem.at) }] }
    if (!(error instanceof ParseError)) throw error
    if (error.summary.startsWith('Exceeded maxDepth')) throw new RangeError(error.summary)
    return { kind: 'problems', problems: syntaxProblems(written, { code: error.code, summary: error.summary, at: place(Math.min(error.range?.start ?? text.length, text.length)) }) }
  }
}

/** The same expression with its parts where they were written. */
function relocated(expression: Expression, place: (at: number) => number): Expression {
  const again = (one: Expression): Expression => relocated(one, place)
  const at = place(expression.at)
  switch (expression.kind) {
    case 'constant':
    case 'name':
      return { ...expression, at }
    case 'select':
      return { ...expression, at, operand: again(expression.operand) }
    case 'call':
      return { ...expression, at, target: expression.target && again(expression.target), args: expression.args.map(again) }
    case 'list':
      return { ...expression, at, items: expression.items.map(again) }
    case 'map':
      return { ...expression, at, entries: expression.entries.map(([key, value]) => [again(key), again(value)] as const) }
    case 'message':
      return { ...expression, at, fields: expression.fields.map((field) => ({ ...field, value: again(field.value) })) }
    case 'optional':
      return { ...expression, at, part: again(expression.part) }
    case 'fold':
      return { ...expression, at, range: again(expression.range), where: expression.where && again(expression.where), body: again(expression.body) }
  }
}

/** What the parser's library says is told only where there is nothing else to tell: its words are not cel-go's. */
function syntaxProblems(text: string, { code, summary, at }: { readonly code: string; readonly summary: string; readonly at: number }): readonly Problem[] {
  if (code === 'reserved_identifier') return [{ at, message: `reserved identifier: ${/^\w+/.exec(text.slice(at))?.[0] ?? ''}` }]
  const problems = syntaxProblemsOf(text)
  if (problems.length > 0) return problems
  const literal = code === 'limit_exceeded' ? undefined : /^(?:0x[\da-f]+|[\d.]+(?:e[+-]?\d+)?)u?/i.exec(text.slice(at))?.[0]
  return [{ at, message: literal === undefined ? `Syntax error: ${summary}` : `invalid ${literalKind(literal)} literal` }]
}

const literalKind = (literal: string): string => (/u$/i.test(literal) ? 'uint' : /^0x|^\d+$/i.test(literal) ? 'int' : 'double')

class Misread extends Error {
  readonly problem: Problem
  constructor(at: number, message: string) {
    super(message)
    this.problem = { at, message }
  }
}

const BINARY: Readonly<Record<string, string>> = { '==': '_==_', '!=': '_!=_', '<': '_<_', '<=': '_<=_', '>': '_>_', '>=': '_>=_', '+': '_+_', '-': '_-_', '*': '_*_', '/': '_/_', '%': '_%_', in: '@in', '&&': '_&&_', '||': '_||_' }

class Reader {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }

  /** Where the text comes first from there on. */
  #find(what: string, from: number): number {
    const found = this.#text.indexOf(what, from)
    return found < 0 ? from : found
  }

  read(node: ASTNode): Expression {
    switch (node.op) {
      case 'value':
        return { kind: 'constant', at: node.start, value: inRange(constant(node.args), node.start) }
      case 'id':
        return { kind: 'name', at: node.start, name: node.args }
      case '.':
      case '.?': {
        const [operand, field] = node.args
        const at = this.#find(node.op === '.' ? '.' : '.', operand.end)
        return { kind: 'select', at: node.op === '.' ? at : at, operand: this.read(operand), field, optional: node.op === '.?', test: false }
      }
      case '[]':
      case '[?]': {
        const [operand, index] = node.args
        return { kind: 'call', at: this.#find('[', operand.end), name: node.op === '[]' ? '_[_]' : '_[?_]', target: undefined, args: [this.read(operand), this.read(index)] }
      }
      case 'call':
        return this.#call(node.args[0], node.args[1], this.#find('(', node.start))
      case 'rcall': {
        const [name, receiver, args] = node.args
        const open = this.#find('(', this.#find(name, receiver.end) + name.length)
        return this.#method(name, { receiver, args, open })
      }
      case 'list':
        return { kind: 'list', at: node.start, items: node.args.map((item) => this.read(item)) }
      case 'map':
        return { kind: 'map', at: node.start, entries: node.args.map(([key, value]) => [this.read(key), this.read(value)] as const) }
      case '?:': {
        const [condition, yes, no] = node.args
        return { kind: 'call', at: this.#find('?', condition.end), name: '_?_:_', target: undefined, args: [this.read(condition), this.read(yes), this.read(no)] }
      }
      case '!_':
      case '-_':
        return this.#unary(node.op, node.args, node.start)
      default: {
        const [left, right] = node.args
        return { kind: 'call', at: this.#find(node.op, left.end), name: BINARY[node.op] ?? node.op, target: undefined, args: [this.read(left), this.read(right)] }
      }
    }
  }

  /** A minus before a number belongs to it. */
  #unary(op: '!_' | '-_', argument: ASTNode, at: number): Expression {
    if (op === '-_' && argument.op === 'value' && argument.args === 2n ** 63n) return { kind: 'constant', at, value: -(2n ** 63n) }
    const operand = this.read(argument)
    if (op === '-_' && operand.kind === 'constant' && (typeof operand.value === 'bigint' || typeof operand.value === 'number')) return { kind: 'constant', at, value: -operand.value }
    return { kind: 'call', at, name: op === '!_' ? '!_' : '-_', target: undefined, args: [operand] }
  }

  #call(name: string, args: readonly ASTNode[], at: number): Expression {
    const [first] = args
    if (name === 'has' && args.length === 1 && first) {
      const argument = this.read(first)
      if (argument.kind !== 'select') throw new Misread(argument.at, 'invalid argument to has() macro')
      return { ...argument, test: true }
    }
    if (name === MESSAGE && first && args[1]) return this.#message(this.read(first), this.read(args[1]))
    if (name === OPTIONAL && first) return { kind: 'optional', at, part: this.read(first) }
    return { kind: 'call', at, name, target: undefined, args: args.map((argument) => this.read(argument)) }
  }

  #message(type: Expression, fields: Expression): Expression {
    const textOf = (one: Expression): string => (one.kind === 'constant' && typeof one.value === 'string' ? one.value : '')
    const entries = fields.kind === 'map' ? fields.entries : []
    const named = entries.map(([key, value]) => ({ name: textOf(key.kind === 'optional' ? key.part : key), value, isOptional: key.kind === 'optional' }))
    return { kind: 'message', at: fields.at, type: textOf(type), fields: named }
  }

  #method(name: string, { receiver, args, open }: { readonly receiver: ASTNode; readonly args: readonly ASTNode[]; readonly open: number }): Expression {
    return this.#fold(name, { receiver, args, open }) ?? { kind: 'call', at: open, name, target: this.read(receiver), args: args.map((argument) => this.read(argument)) }
  }

  #fold(name: string, { receiver, args, open }: { readonly receiver: ASTNode; readonly args: readonly ASTNode[]; readonly open: number }): Expression | undefined {
    const [first, second, third, fourth] = args
    if (!first || !second) return undefined
    const make = (macro: Macro, names: readonly ASTNode[], { body, where }: { readonly body: ASTNode; readonly where?: ASTNode }): Expression => {
      const variables = names.map((one) => this.#variable(one))
      return { kind: 'fold', at: open, macro, range: this.read(receiver), names: variables, where: where && this.read(where), body: this.read(body) }
    }
    const quantifiers: Readonly<Record<string, Macro>> = { all: 'all', exists: 'exists', exists_one: 'existsOne', existsOne: 'existsOne' }
    const quantifier = Object.hasOwn(quantifiers, name) ? quantifiers[name] : undefined
    if (quantifier) return args.length === 2 ? make(quantifier, [first], { body: second }) : third && args.length === 3 ? make(quantifier, [first, second], { body: third }) : undefined
    if (name === 'map') return args.length === 2 ? make('map', [first], { body: second }) : third && args.length === 3 ? make('map', [first], { body: third, where: second }) : undefined
    if ((name === 'filter' || name === 'sortBy') && args.length === 2) return make(name, [first], { body: second })
    if ((name === 'optMap' || name === 'optFlatMap') && args.length === 2) return make(name, [first], { body: second })
    if ((name === 'transformList' || name === 'transformMap' || name === 'transformMapEntry') && third) return fourth && args.length === 4 ? make(name, [first, second], { body: fourth, where: third }) : args.length === 3 ? make(name, [first, second], { body: third }) : undefined
    return undefined
  }

  #variable(node: ASTNode): string {
    if (node.op === 'id') return node.args
    throw new Misread(this.read(node).at, 'argument must be a simple name')
  }
}

function inRange(value: Value, at: number): Value {
  if (typeof value === 'bigint' && value >= 2n ** 63n) throw new Misread(at, 'invalid int literal')
  return value
}

function constant(value: unknown): Value {
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && 'value' in value) return new Uint(BigInt(String(value.value)))
  return value as Value
}

/** Each is told with the whole line that it is on. */
const MOST_PROBLEMS = 100

/** As cel-go prints what is wrong: the place, the line, a pointer. */
export function problemsText(text: string, problems: readonly Problem[]): string {
  const told = problems.slice(0, MOST_PROBLEMS).sort((a, b) => a.at - b.at).map((problem) => problemText(text, problem))
  return [...told, ...(problems.length > MOST_PROBLEMS ? [`${problems.length - MOST_PROBLEMS} more errors were truncated`] : [])].join('\n')
}

function problemText(text: string, { at, message }: Problem): string {
  const before = text.slice(0, at).split('\n')
  const column = (before.at(-1) ?? '').length
  const line = text.split('\n')[before.length - 1] ?? ''
  return `ERROR: <input>:${before.length}:${column + 1}: ${message}\n | ${line}\n | ${'.'.repeat(column)}^`
}
