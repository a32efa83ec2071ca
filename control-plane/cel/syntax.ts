/**
 * What is wrong with a text that is no expression, in the words of the parser that cel-go uses: it leaves out one token that is too many, acts as if
 * one that is missing were there, and else goes on where something may stand that it knows. PURE.
 */
import type { Problem } from './ast.ts'

interface Token {
  /** The text of operators and keywords; else what it is: `IDENTIFIER`, `STRING`. */
  readonly type: string
  readonly text: string
  readonly at: number
}

const EOF = '<EOF>'
const OPERATOR = /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y
const PATTERNS: ReadonlyArray<readonly [string, RegExp]> = [
  ['BYTES', /[bB][rR]?(?:"""(?:[^\\]|\\[\s\S])*?"""|'''(?:[^\\]|\\[\s\S])*?'''|"(?:[^\\"\n\r]|\\.)*"|'(?:[^\\'\n\r]|\\.)*')/y],
  ['STRING', /[rR](?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n\r]*"|'[^'\n\r]*')|"""(?:[^\\]|\\[\s\S])*?"""|'''(?:[^\\]|\\[\s\S])*?'''|"(?:[^\\"\n\r]|\\[abfnrtv"'\\?`xXuU0-3])*"|'(?:[^\\'\n\r]|\\[abfnrtv"'\\?`xXuU0-3])*'/y],
  ['NUM_FLOAT', /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)/y],
  ['NUM_UINT', /(?:0x[0-9a-fA-F]+|\d+)[uU]/y],
  ['NUM_INT', /0x[0-9a-fA-F]+|\d+/y],
  ['ESC_IDENTIFIER', /`[A-Za-z0-9_.\-/ ]+`/y],
  ['IDENTIFIER', /[A-Za-z_]\w*/y],
]
const KEYWORDS: ReadonlySet<string> = new Set(['in', 'true', 'false', 'null'])

interface Lexed {
  readonly tokens: readonly Token[]
  readonly problems: readonly Problem[]
}

function lexed(text: string): Lexed {
  const tokens: Token[] = []
  const problems: Problem[] = []
  const match = (pattern: RegExp, at: number): string => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0] ?? ''
  }
  for (let at = 0; at < text.length; ) {
    const blank = match(/[\t\n\f\r ]+|\/\/[^\n]*/y, at)
    // The longest wins, the first of equals.
    const [type, found] = [['', match(OPERATOR, at)] as const, ...PATTERNS.map(([name, pattern]) => [name, match(pattern, at)] as const)].reduce((best, one) => (one[1].length > best[1].length ? one : best))
    const unknown = blank === '' && found === '' ? unrecognized(text, at) : ''
    if (unknown !== '') problems.push({ at, message: `Syntax error: token recognition error at: '${unknown}'` })
    else if (blank === '') tokens.push({ type: type === '' || KEYWORDS.has(found) ? found : type, text: found, at })
    at += (blank || found || unknown).length
  }
  return { tokens: [...tokens, { type: EOF, text: EOF, at: text.length }], problems }
}

/** As far as it might have been a token, and the character that it then was not. */
function unrecognized(text: string, at: number): string {
  const rest = text.slice(at)
  const string = /^(?:"(?:[^\\"\n\r]|\\[abfnrtv"'\\?`xXuU0-3])*|'(?:[^\\'\n\r]|\\[abfnrtv"'\\?`xXuU0-3])*)(?:\\[\s\S]?|[\n\r])?/.exec(rest)?.[0]
  return string ?? /^[=&|][\s\S]?/.exec(rest)?.[0] ?? String.fromCodePoint(rest.codePointAt(0) ?? 0)
}

const LITERALS = ['true', 'false', 'null', 'NUM_FLOAT', 'NUM_INT', 'NUM_UINT', 'STRING', 'BYTES', 'IDENTIFIER']
const OPERAND = ['[', '{', '(', '.', '-', '!', ...LITERALS]
const ARGUMENTS = ['[', '{', '(', ')', '.', '-', '!', ...LITERALS]
const INDEX = ['[', '{', '(', '.', '-', '!', '?', ...LITERALS]
const ITEMS = ['[', ']', '{', '(', '.', ',', '-', '!', '?', ...LITERALS]
const ENTRIES = ['[', '{', '}', '(', '.', ',', '-', '!', '?', ...LITERALS]
const FIELDS = ['}', ',', '?', 'IDENTIFIER', 'ESC_IDENTIFIER']
const RELATIONS: ReadonlySet<string> = new Set(['<', '<=', '>=', '>', '==', '!=', 'in', '+', '-', '*', '/', '%', '&&', '||'])
/** What may follow an operand, wherever it stands. */
const FOLLOWS: ReadonlySet<string> = new Set([...RELATIONS, '.', '[', '?', EOF])
const MACROS: Readonly<Record<string, number>> = { all: 2, exists: 2, exists_one: 2, existsOne: 2, map: 2, filter: 2 }

/** What cannot be gone on with is left by its rule. */
class Abandoned extends Error {}

/** @returns none for a text that is an expression but for what its literals and macros hold. */
export function syntaxProblemsOf(text: string): readonly Problem[] {
  const { tokens, problems } = lexed(text)
  const reading = new Reading(tokens)
  reading.whole()
  return [...problems, ...reading.problems]
}

class Reading {
  readonly #tokens: readonly Token[]
  readonly problems: Problem[] = []
  #next = 0
  /** Since the last problem nothing was understood: what is wrong now is no further one. */
  #isRecovering = false
  /** What ends those that are open around. */
  readonly #closers: string[][] = []

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  whole(): void {
    this.#rule([], () => this.#expression())
    this.#rule([], () => this.#match(EOF))
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

  #say(message: string): void {
    if (!this.#isRecovering) this.problems.push({ at: this.#look().at, message: `Syntax error: ${message}` })
    this.#isRecovering = true
  }

  /** What is wrong within is left behind up to what may come after it. */
  #rule(closers: readonly string[], read: () => void): void {
    this.#closers.push([...closers])
    try {
      read()
    } catch (error) {
      if (!(error instanceof Abandoned)) throw error
      const ends = new Set([...FOLLOWS, ...this.#closers.flat()])
      while (!ends.has(this.#look().type)) this.#next++
    } finally {
      this.#closers.pop()
    }
  }

  /** One of them comes, if need be after one that is too many. */
  #sync(expected: readonly string[]): void {
    if (expected.includes(this.#look().type)) return
    const what = expected.length === 1 ? quoted(expected[0] ?? '') : `{${expected.map(quoted).join(', ')}}`
    if (expected.includes(this.#look(1).type) && this.#look().type !== EOF) {
      this.#say(`extraneous input '${this.#look().text}' expecting ${what}`)
      this.#next++
      return
    }
    this.#say(`mismatched input '${this.#look().text}' expecting ${what}`)
    throw new Abandoned()
  }

  /** @param follows what may come after it, if it may be left out at all. */
  #match(type: string, follows?: ReadonlySet<string>): void {
    const { type: found, text } = this.#look()
    const isMissing = found !== type && this.#look(1).type !== type && follows !== undefined && (follows.has(found) || this.#closers.flat().includes(found))
    if (isMissing) return this.#say(`missing ${quoted(type)} at '${text}'`)
    this.#sync([type])
    this.#take()
  }

  #expression(): void {
    this.#binary()
    if (this.#look().type !== '?') return
    this.#take()
    this.#binary([':'])
    this.#match(':')
    this.#expression()
  }

  #binary(closers: readonly string[] = []): void {
    this.#rule(closers, () => this.#unary())
    while (RELATIONS.has(this.#look().type)) {
      this.#take()
      this.#rule(closers, () => this.#unary())
    }
  }

  #unary(): void {
    this.#sync(OPERAND)
    const sign = this.#look().type
    if (sign === '!' || sign === '-') {
      while (this.#look().type === sign) this.#take()
      if (sign === '-' && this.#look().type === '!') this.#unviable(this.#next - 1)
      this.#sync(OPERAND)
    }
    const start = this.#next
    this.#rule([], () => this.#primary())
    while (this.#look().type === '.' || this.#look().type === '[') this.#member()
    // A name with braces is a message.
    if (this.#look().type === '{' && this.#tokens.slice(start, this.#next).every(({ type }) => type === '.' || type === 'IDENTIFIER')) this.#message()
  }

  #message(): void {
    this.#take()
    this.#items('}', FIELDS, () => {
      this.#match('IDENTIFIER')
      this.#match(':')
      this.#expression()
    })
  }

  #primary(): void {
    const { type } = this.#take()
    if (type === '(') return this.#closed(')', () => this.#expression())
    if (type === '[') return this.#items(']', ITEMS, () => this.#expression())
    if (type === '{') {
      return this.#items('}', ENTRIES, () => {
        this.#expression()
        this.#match(':')
        this.#expression()
      })
    }
    if (type === '.') this.#match('IDENTIFIER')
    if ((type === '.' || type === 'IDENTIFIER') && this.#look().type === '(') this.#arguments('')
  }

  #member(): void {
    const start = this.#next
    if (this.#take().type === '[') {
      this.#sync(INDEX)
      if (this.#look().type === '?') this.#take()
      return this.#closed(']', () => this.#expression())
    }
    if (this.#look().type === '?') this.#take()
    const { type, text } = this.#look()
    if (type !== 'IDENTIFIER' && type !== 'ESC_IDENTIFIER') this.#unviable(start)
    if (type === 'ESC_IDENTIFIER') this.problems.push({ at: this.#look().at, message: "unsupported syntax: '`'" })
    this.#take()
    if (this.#look().type === '(') this.#arguments(text)
  }

  #unviable(from: number): never {
    const { text } = this.#look()
    const before = this.#tokens.slice(from, this.#next).map((token) => token.text).join('')
    this.#say(`no viable alternative at input '${before}${text === EOF ? '' : text}'`)
    throw new Abandoned()
  }

  #arguments(name: string): void {
    this.#take()
    this.#sync(ARGUMENTS)
    if (this.#look().type !== ')') {
      this.#rule([')', ','], () => {
        const start = this.#next
        this.#expression()
        this.#checkName(name, start)
        while (this.#look().type === ',') {
          this.#take()
          this.#expression()
        }
      })
    }
    if (this.#look().type === ')' || !this.#isRecovering) this.#match(')', FOLLOWS)
  }

  /** Of a macro the first argument is the name of its items. */
  #checkName(name: string, start: number): void {
    const length = this.#next - start
    if (!Object.hasOwn(MACROS, name) || this.#look().type !== ',' || (length === 1 && this.#tokens[start]?.type === 'IDENTIFIER')) return
    const dot = this.#tokens.slice(start, this.#next).findLast(({ type }) => type === '.')
    this.problems.push({ at: (dot ?? this.#tokens[start])?.at ?? 0, message: 'argument must be a simple name' })
  }

  #closed(closer: string, read: () => void): void {
    this.#rule([closer], read)
    this.#match(closer, FOLLOWS)
  }

  #items(closer: string, first: readonly string[], read: () => void): void {
    this.#sync(first)
    this.#rule([closer, ','], () => {
      while (this.#look().type !== closer && this.#look().type !== ',') {
        if (this.#look().type === '?') this.#take()
        read()
        if (this.#look().type !== ',' || this.#look(1).type === closer) break
        this.#take()
        this.#sync(first === FIELDS ? FIELDS.slice(2) : INDEX)
      }
    })
    this.#sync([closer, ','])
    if (this.#look().type === ',') this.#take()
    this.#match(closer, FOLLOWS)
  }
}

const quoted = (type: string): string => (type === EOF || /^[A-Z_]+$/.test(type) ? type : `'${type}'`)
