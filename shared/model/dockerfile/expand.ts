import { type Budget, newBudget, spend } from './budget.ts'
import { type CutOperator, cutValue } from './cut-value.ts'

/** Variables in a Dockerfile: `$NAME`, `${NAME}`, `${NAME:-word}` and its like, with quotes and escapes taken off as a shell does. Pure. */
export type Expanded = { readonly kind: 'ok'; readonly text: string } | { readonly kind: 'invalid'; readonly message: string }

export type Variables = Readonly<Record<string, string>>

export interface ExpandOptions {
  /** `\\` unless given. */
  readonly escape?: string
  /** What it may cost together with all else it is given to: one of its own unless given. */
  readonly budget?: Budget
}

interface Cursor {
  readonly text: string
  readonly escape: string
  readonly variables: Variables
  /** Here-documents keep their quotes. */
  readonly keepsQuotes: boolean
  readonly budget: Budget
  at: number
  /** How many braces are open. */
  depth: number
  /** How much came out of variables so far. */
  inserted: number
  /** From here on nothing more is done. */
  problem: string | undefined
}

/** A variable may be made of others, twice each, and so on: what comes out of one word stays within what could ever be used. */
const MOST_INSERTED = 1 << 20

/** A variable for want of which stands another, and so on. */
const MOST_DEPTH = 100

export const expandWord = (word: string, variables: Variables, options: ExpandOptions = {}): Expanded => expanded(word, variables, { ...options, keepsQuotes: false })

/** The text below an instruction: quotes are nothing special in it. */
export const expandText = (text: string, variables: Variables, options: ExpandOptions = {}): Expanded => expanded(text, variables, { ...options, keepsQuotes: true })

function expanded(text: string, variables: Variables, { escape = '\\', budget = newBudget(), keepsQuotes }: ExpandOptions & { readonly keepsQuotes: boolean }): Expanded {
  const cursor: Cursor = { text, variables, escape, keepsQuotes, budget, at: 0, depth: 0, inserted: 0, problem: undefined }
  const made = plain(cursor, '')
  return cursor.problem === undefined ? { kind: 'ok', text: made } : { kind: 'invalid', message: cursor.problem }
}

/** Up to `until` (which is taken) or the end. */
function plain(cursor: Cursor, until: string): string {
  let made = ''
  while (cursor.at < cursor.text.length && cursor.problem === undefined) {
    const char = cursor.text.charAt(cursor.at)
    if (until !== '' && char === until) {
      cursor.at++
      return made
    }
    if (char === '$') made += variable(cursor)
    else if (cursor.keepsQuotes) made += kept(cursor, char)
    else if (char === "'") made += single(cursor)
    else if (char === '"') made += double(cursor)
    else made += escaped(cursor, char)
  }
  if (until !== '') cursor.problem ??= `syntax error: missing ${JSON.stringify(until)}`
  return made
}

/** In a here-document only a dollar can be escaped. */
function kept(cursor: Cursor, char: string): string {
  const next = cursor.text.charAt(cursor.at + 1)
  cursor.at++
  if (char !== cursor.escape || next !== '$') return char
  cursor.at++
  return next
}

function escaped(cursor: Cursor, char: string): string {
  cursor.at++
  if (char !== cursor.escape) return char
  return cursor.text.charAt(cursor.at++)
}

function single(cursor: Cursor): string {
  const end = cursor.text.indexOf("'", cursor.at + 1)
  if (end < 0) return unterminated(cursor, "'")
  const made = cursor.text.slice(cursor.at + 1, end)
  cursor.at = end + 1
  return made
}

function unterminated(cursor: Cursor, quote: string): string {
  cursor.problem ??= `unexpected end of statement while looking for the matching ${quote === '"' ? 'double-quote' : 'single-quote'}`
  cursor.at = cursor.text.length
  return ''
}

function double(cursor: Cursor): string {
  let made = ''
  cursor.at++
  while (cursor.at < cursor.text.length && cursor.problem === undefined) {
    const char = cursor.text.charAt(cursor.at)
    const next = cursor.text.charAt(cursor.at + 1)
    if (char === '"') {
      cursor.at++
      return made
    }
    if (char === '$') made += variable(cursor)
    else if (char === cursor.escape && (next === '"' || next === '$' || next === cursor.escape)) {
      made += next
      cursor.at += 2
    } else {
      made += char
      cursor.at++
    }
  }
  return unterminated(cursor, '"')
}

function variable(cursor: Cursor): string {
  const rest = cursor.text.slice(cursor.at + 1)
  if (rest.startsWith('{')) return braced(cursor)
  const name = /^(?:[A-Za-z_]\w*|[0-9@*#?!$-])/.exec(rest)?.[0]
  cursor.at += 1 + (name?.length ?? 0)
  return name === undefined ? '$' : inserted(cursor, valueOf(cursor, name) ?? '')
}

function inserted(cursor: Cursor, value: string): string {
  if (cursor.problem !== undefined) return ''
  cursor.inserted += value.length
  if (cursor.inserted > MOST_INSERTED) return overflow(cursor)
  cursor.problem = spend(cursor.budget, 'made', value.length)
  return value
}

function overflow(cursor: Cursor): string {
  cursor.problem ??= `its variables make more than ${MOST_INSERTED} characters of one word`
  return ''
}

const valueOf = ({ variables }: Cursor, name: string): string | undefined => (Object.hasOwn(variables, name) ? variables[name] : undefined)

function braced(cursor: Cursor): string {
  const rest = cursor.text.slice(cursor.at + 2)
  const name = /^(?:[A-Za-z_]\w*|[0-9@*#?!$-])/.exec(rest)?.[0] ?? ''
  const operator = /^(?::[-+?]|[-+?]|##?|%%?|\/\/?|\})/.exec(rest.slice(name.length))?.[0]
  if (name === '' || operator === undefined) {
    cursor.problem ??= `unsupported modifier in substitution: \${${rest.slice(0, 20)}`
    cursor.at = cursor.text.length
    return ''
  }
  cursor.at += 2 + name.length + operator.length
  const value = valueOf(cursor, name)
  if (operator === '}') return inserted(cursor, value ?? '')
  if (++cursor.depth > MOST_DEPTH) cursor.problem ??= `its variables stand in one another more than ${MOST_DEPTH} deep`
  const word = plain(cursor, '}')
  cursor.depth--
  if (cursor.problem !== undefined) return ''
  return inserted(cursor, modified(cursor, { name, value, operator, word }))
}

interface Modified {
  readonly name: string
  readonly value: string | undefined
  readonly operator: string
  readonly word: string
}

function modified(cursor: Cursor, { name, value, operator, word }: Modified): string {
  const isThere = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
  switch (operator.replace(':', '')) {
    case '-':
      return isThere ? (value ?? '') : word
    case '+':
      return isThere ? word : ''
    case '?':
      if (!isThere) cursor.problem ??= `${name}: ${word === '' ? 'not allowed to be empty' : word}`
      return value ?? ''
    default:
      return cut(cursor, value ?? '', { operator: operator as CutOperator, word })
  }
}

/** A value times its pattern: so much is looked at for one, and no more. */
const MOST_WORK = 1 << 22

function cut(cursor: Cursor, value: string, { operator, word }: { readonly operator: CutOperator; readonly word: string }): string {
  const work = (value.length + 1) * Math.max(1, word.length)
  if (work > MOST_WORK) cursor.problem ??= `too much to look for: ${word.length} characters of a pattern in ${value.length} of a value`
  else cursor.problem ??= spend(cursor.budget, 'looked', work)
  if (cursor.problem !== undefined) return ''
  return cutValue(value, { operator, word, most: MOST_INSERTED }) ?? overflow(cursor)
}
