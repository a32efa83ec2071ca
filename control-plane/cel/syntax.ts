/**
 * Reads expressions as the parser does that cel-go uses (made from a grammar by ANTLR). Where a text is none, it says so in its words: it leaves out one
 * token that is too many, acts as if one that is missing were there, and else goes on where something may stand that it knows. PURE.
 */
import type { Expression, Problem } from './ast.ts'
import { constantOf } from './constants.ts'
import { type Call, expanded } from './macros.ts'
import { combined, contextsAt, Depths, LOGICAL } from './operators.ts'
import { EOF, type Token, tokensOf } from './tokens.ts'

const LITERALS = ['true', 'false', 'null', 'NUM_FLOAT', 'NUM_INT', 'NUM_UINT', 'STRING', 'BYTES', 'IDENTIFIER']
const OPERAND = ['[', '{', '(', '.', '-', '!', ...LITERALS]
const ARGUMENTS = ['[', '{', '(', ')', '.', '-', '!', ...LITERALS]
const INDEX = ['[', '{', '(', '.', '-', '!', '?', ...LITERALS]
const ITEMS = ['[', ']', '{', '(', '.', ',', '-', '!', '?', ...LITERALS]
const ENTRIES = ['[', '{', '}', '(', '.', ',', '-', '!', '?', ...LITERALS]
const FIELD_NAMES = ['IDENTIFIER', 'ESC_IDENTIFIER']
const FIELDS = ['}', ',', '?', ...FIELD_NAMES]
const OPERATORS: ReadonlySet<string> = new Set(['<', '<=', '>=', '>', '==', '!=', 'in', '+', '-', '*', '/', '%', ...LOGICAL])
/** What may follow an operand, wherever it stands. */
const FOLLOWS: ReadonlySet<string> = new Set([...OPERATORS, '.', '[', '?', EOF])
const RESERVED: ReadonlySet<string> = new Set(['as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while'])

/** cel-go's own limits: of one rule of the grammar within itself, of attempts to go on, of tokens that one of those leaves out, of problems. */
const MOST_NESTED = 250
const MOST_RECOVERIES = 30
const MOST_LEFT_OUT = 256
const MOST_PROBLEMS = 100

/** What cannot be gone on with is left by its rule. */
class Abandoned extends Error {}
/** Nothing more is read. */
class Stopped extends Error {}

/** Said without a place. */
const NOWHERE = -1

export interface Read {
  /** Of what could be read. */
  readonly expression: Expression
  readonly problems: readonly Problem[]
}

export function readExpression(text: string): Read {
  const { tokens, problems } = tokensOf(text)
  if (problems.length > MOST_PROBLEMS) return { expression: HOLE, problems: [...problems.slice(0, MOST_PROBLEMS), { at: problems[MOST_PROBLEMS]?.at ?? 0, message: `Syntax error: More than ${MOST_PROBLEMS} syntax errors` }] }
  const reading = new Reading(tokens)
  const expression = reading.whole()
  return { expression, problems: [...problems, ...reading.problems] }
}

/** Stands where nothing could be read. */
const HOLE: Expression = { kind: 'name', at: 0, name: '' }

class Reading {
  readonly #tokens: readonly Token[]
  readonly problems: Problem[] = []
  #next = 0
  /** Since the last problem nothing was understood: what is wrong now is no further one. */
  #isRecovering = false
  #recoveries = 0
  /** What ends those that are open around. */
  readonly #closers: string[][] = []
  readonly #depths = new Depths()
  /** How many of the rules that nest are open: whole expressions, comparisons, sums and products. */
  #open = { expressions: 0, relations: 0, calculations: 0 }

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  whole(): Expression {
    try {
      const expression = this.#rule([], () => this.#expression()) ?? HOLE
      this.#rule([], () => this.#match(EOF))
      if (this.#depths.most > MOST_NESTED) this.problems.push({ at: NOWHERE, message: 'max recursion depth exceeded' })
      return expression
    } catch (error) {
      if (!(error instanceof Stopped)) throw error
      return HOLE
    }
  }

  #look(ahead = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)] ?? { type: EOF, text: EOF, at: 0 }
  }

  #take(): Token {
    const token = this.#look()
    if (token.type !== EOF) this.#next++
    this.#isRecovering = false
    return token
  }

  #takeIf(type: string): boolean {
    const isThere = this.#look().type === type
    if (isThere) this.#take()
    return isThere
  }

  #say(message: string): void {
    if (!this.#isRecovering) this.problems.push({ at: this.#look().at, message: `Syntax error: ${message}` })
    this.#isRecovering = true
  }

  #stop(at: number, message: string): never {
    this.problems.push({ at, message })
    throw new Stopped()
  }

  #recover(): void {
    if (this.#recoveries++ === MOST_RECOVERIES) this.#stop(this.#look().at, `Syntax error: error recovery attempt limit exceeded: ${MOST_RECOVERIES}`)
  }

  /** What is wrong within is left behind up to what may come after it. */
  #rule<Part>(closers: readonly string[], read: () => Part): Part | undefined {
    this.#closers.push([...closers])
    const open = this.#open
    try {
      return read()
    } catch (error) {
      if (!(error instanceof Abandoned)) throw error
      this.#recover()
      const ends = new Set([...FOLLOWS, ...this.#closers.flat()])
      for (let left = 0; !ends.has(this.#look().type); left++) {
        if (left === MOST_LEFT_OUT) this.#stop(NOWHERE, `error recovery token lookahead limit exceeded: ${MOST_LEFT_OUT}`)
        this.#next++
      }
      return undefined
    } finally {
      this.#open = open
      this.#closers.pop()
    }
  }

  /** One of them comes, if need be after one that is too many. */
  #sync(expected: readonly string[]): void {
    if (expected.includes(this.#look().type)) return
    const what = expected.length === 1 ? quoted(expected[0] ?? '') : `{${expected.map(quoted).join(', ')}}`
    if (expected.includes(this.#look(1).type) && this.#look().type !== EOF) {
      this.#say(`extraneous input '${this.#look().text}' expecting ${what}`)
      this.#recover()
      this.#next++
      return
    }
    this.#say(`mismatched input '${this.#look().text}' expecting ${what}`)
    throw new Abandoned()
  }

  /** @param follows what may come after it, if it may be left out at all. */
  #match(type: string, follows?: ReadonlySet<string>): Token {
    const { type: found, text, at } = this.#look()
    const isMissing = found !== type && this.#look(1).type !== type && follows !== undefined && (follows.has(found) || this.#closers.flat().includes(found))
    if (isMissing) {
      this.#say(`missing ${quoted(type)} at '${text}'`)
      this.#recover()
      return { type, text: '', at }
    }
    this.#sync([type])
    return this.#take()
  }

  /** @param nested how many more of each rule are open from here on, up to the end of the rule around. */
  #enter(nested: { readonly expressions?: number; readonly relations?: number; readonly calculations?: number }): void {
    const { expressions, relations, calculations } = this.#open
    this.#open = { expressions: expressions + (nested.expressions ?? 0), relations: relations + (nested.relations ?? 0), calculations: calculations + (nested.calculations ?? 0) }
    if (Math.max(this.#open.expressions, this.#open.relations, this.#open.calculations) > MOST_NESTED) this.#stop(NOWHERE, `expression recursion limit exceeded: ${MOST_NESTED}`)
  }

  #made(expression: Expression): Expression {
    return this.#depths.added(expression)
  }

  #expression(): Expression {
    const open = this.#open
    this.#enter({ expressions: 1 })
    const condition = this.#binary()
    const { at } = this.#look()
    let whole = condition
    if (this.#takeIf('?')) {
      const yes = this.#binary([':'])
      this.#match(':')
      const no = this.#expression()
      whole = this.#made({ kind: 'call', at, name: '_?_:_', target: undefined, args: [condition, yes, no] })
    }
    this.#open = open
    return whole
  }

  #binary(closers: readonly string[] = []): Expression {
    const operands: Expression[] = []
    const operators: Token[] = []
    const contexts = contextsAt()
    for (let isMore = true; isMore; ) {
      operands.push(
        this.#rule(closers, () => {
          this.#enter(contexts.open)
          return this.#unary()
        }) ?? HOLE,
      )
      isMore = OPERATORS.has(this.#look().type)
      if (!isMore) break
      const operator = this.#take()
      operators.push(operator)
      contexts.pass(operator.type)
    }
    return combined({ operands, operators }, this.#depths)
  }

  /** Of many signs two each say nothing. */
  #unary(): Expression {
    this.#sync(OPERAND)
    const { type: sign, at } = this.#look()
    if (sign !== '!' && sign !== '-') return this.#operand()
    let signs = 0
    while (this.#takeIf(sign)) signs++
    if (sign === '-' && this.#look().type === '!') this.#unviable(this.#next - 1)
    this.#sync(OPERAND)
    // A minus before a number belongs to it.
    const { type } = this.#look()
    if (sign === '-' && signs === 1 && (type === 'NUM_INT' || type === 'NUM_FLOAT')) return this.#operand(at)
    const operand = this.#operand()
    return signs % 2 === 0 ? operand : this.#made({ kind: 'call', at, name: sign === '!' ? '!_' : '-_', target: undefined, args: [operand] })
  }

  /** @param minus where the sign of the number that comes stands. */
  #operand(minus?: number): Expression {
    const start = this.#next
    let whole = this.#rule([], () => this.#primary(minus)) ?? HOLE
    while (this.#look().type === '.' || this.#look().type === '[') whole = this.#made(this.#member(whole))
    const names = this.#look().type === '{' ? this.#tokens.slice(start, this.#next) : []
    // A name with braces is a message.
    return names.length > 0 && names.every(({ type }) => type === '.' || type === 'IDENTIFIER') ? this.#message(names) : whole
  }

  #message(names: readonly Token[]): Expression {
    const { at } = this.#take()
    const fields: Array<{ readonly name: string; readonly value: Expression; readonly isOptional: boolean }> = []
    this.#items('}', FIELDS, (isOptional) => {
      const name = this.#fieldName()
      this.#match(':')
      fields.push({ name, value: this.#expression(), isOptional })
    })
    const type = names.map(({ text }) => text).join('')
    return this.#made({ kind: 'message', at, type: type.replace(/^\./, ''), fields })
  }

  #fieldName(): string {
    this.#sync(FIELD_NAMES)
    const { type, text, at } = this.#take()
    if (type === 'ESC_IDENTIFIER') this.problems.push({ at, message: "unsupported syntax: '`'" })
    return text
  }

  #primary(minus?: number): Expression {
    const token = this.#take()
    const { type, at } = token
    switch (type) {
      case '(':
        return this.#closed(')', () => this.#expression()) ?? HOLE
      case '[': {
        const items: Expression[] = []
        this.#items(']', ITEMS, (isOptional) => items.push(optional(this.#expression(), isOptional)))
        return this.#made({ kind: 'list', at, items })
      }
      case '{': {
        const entries: Array<readonly [Expression, Expression]> = []
        this.#items('}', ENTRIES, (isOptional) => {
          const key = optional(this.#expression(), isOptional)
          this.#match(':')
          entries.push([key, this.#expression()])
        })
        return this.#made({ kind: 'map', at, entries })
      }
      case '.':
        return this.#named(this.#match('IDENTIFIER'), at)
      case 'IDENTIFIER':
        return this.#named(token, at)
      default: {
        const read = constantOf(token, minus !== undefined)
        if (read.kind === 'problem') this.problems.push({ at: minus ?? at, message: read.message })
        return { kind: 'constant', at: minus ?? at, value: read.kind === 'value' ? read.value : null }
      }
    }
  }

  #named({ text: name, at: ownAt }: Token, at: number): Expression {
    const isReserved = RESERVED.has(name)
    if (isReserved) this.problems.push({ at, message: `reserved identifier: ${name}` })
    const open = this.#look()
    // It names nothing: what needs a name says so, too.
    if (isReserved && open.type !== '(') return { kind: 'constant', at: ownAt, value: null }
    return open.type === '(' ? this.#call({ name, target: undefined, args: this.#arguments(), at: open.at }) : { kind: 'name', at: ownAt, name }
  }

  /** What could not be read says nothing more. */
  #call(call: Call): Expression {
    const isWhole = !call.args.includes(HOLE)
    return this.#made(isWhole ? expanded(call, (at, message) => void this.problems.push({ at, message })) : { kind: 'call', ...call })
  }

  #member(target: Expression): Expression {
    const start = this.#next
    const { type: first, at } = this.#take()
    if (first === '[') {
      this.#sync(INDEX)
      const name = this.#takeIf('?') ? '_[?_]' : '_[_]'
      return { kind: 'call', at, name, target: undefined, args: [target, this.#closed(']', () => this.#expression()) ?? HOLE] }
    }
    const isOptional = this.#takeIf('?')
    const { type, text, at: nameAt } = this.#look()
    if (!FIELD_NAMES.includes(type)) this.#unviable(start)
    if (type === 'ESC_IDENTIFIER') this.problems.push({ at: nameAt, message: "unsupported syntax: '`'" })
    this.#take()
    const { type: next, at: openAt } = this.#look()
    if (next === '(' && type === 'IDENTIFIER' && !isOptional) return this.#call({ name: text, target, args: this.#arguments(), at: openAt })
    return { kind: 'select', at, operand: target, field: text, optional: isOptional, test: false }
  }

  #unviable(from: number): never {
    const { text } = this.#look()
    const before = this.#tokens.slice(from, this.#next).map((token) => token.text).join('')
    this.#say(`no viable alternative at input '${before}${text === EOF ? '' : text}'`)
    throw new Abandoned()
  }

  #arguments(): readonly Expression[] {
    const args: Expression[] = []
    this.#take()
    this.#sync(ARGUMENTS)
    if (this.#look().type !== ')') {
      this.#rule([')', ','], () => {
        do args.push(this.#expression())
        while (this.#takeIf(','))
      })
    }
    if (this.#look().type === ')' || !this.#isRecovering) this.#match(')', FOLLOWS)
    return args
  }

  #closed<Part>(closer: string, read: () => Part): Part | undefined {
    const part = this.#rule([closer], read)
    this.#match(closer, FOLLOWS)
    return part
  }

  #items(closer: string, first: readonly string[], read: (isOptional: boolean) => void): void {
    this.#sync(first)
    this.#rule([closer, ','], () => {
      while (this.#look().type !== closer && this.#look().type !== ',') {
        read(this.#takeIf('?'))
        if (this.#look().type !== ',' || this.#look(1).type === closer) break
        this.#take()
        this.#sync(first === FIELDS ? FIELDS.slice(2) : INDEX)
      }
    })
    this.#sync([closer, ','])
    this.#takeIf(',')
    this.#match(closer, FOLLOWS)
  }
}

const optional = (part: Expression, isOptional: boolean): Expression => (isOptional ? { kind: 'optional', at: part.at, part } : part)

const quoted = (type: string): string => (type === EOF || /^[A-Z_]+$/.test(type) ? type : `'${type}'`)
