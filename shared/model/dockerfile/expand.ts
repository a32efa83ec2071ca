import { ANYTHING, endsOf, type Token, valueTokens } from './glob.ts'

/** Variables in a Dockerfile: `$NAME`, `${NAME}`, `${NAME:-word}` and its like, with quotes and escapes taken off as a shell does. Pure. */
export type Expanded = { readonly kind: 'ok'; readonly text: string } | { readonly kind: 'invalid'; readonly message: string }

export type Variables = Readonly<Record<string, string>>

interface Cursor {
  readonly text: string
  readonly escape: string
  readonly variables: Variables
  /** Here-documents keep their quotes. */
  readonly keepsQuotes: boolean
  at: number
  /** How much came out of variables so far. */
  inserted: number
  problem: string | undefined
}

/** A variable may be made of others, twice each, and so on: what comes out of one word stays within what could ever be used. */
const MOST_INSERTED = 1 << 20

const cursorOf = (text: string, variables: Variables, { escape, keepsQuotes }: { readonly escape: string; readonly keepsQuotes: boolean }): Cursor => ({ text, variables, escape, keepsQuotes, at: 0, inserted: 0, problem: undefined })
const resultOf = (cursor: Cursor, text: string): Expanded => (cursor.problem === undefined ? { kind: 'ok', text } : { kind: 'invalid', message: cursor.problem })

export function expandWord(word: string, variables: Variables, escape = '\\'): Expanded {
  const cursor = cursorOf(word, variables, { escape, keepsQuotes: false })
  return resultOf(cursor, plain(cursor, ''))
}

/** The text below an instruction: quotes are nothing special in it. */
export function expandText(text: string, variables: Variables, escape = '\\'): Expanded {
  const cursor = cursorOf(text, variables, { escape, keepsQuotes: true })
  return resultOf(cursor, plain(cursor, ''))
}

/** Up to `until` (which is taken) or the end. */
function plain(cursor: Cursor, until: string): string {
  let made = ''
  while (cursor.at < cursor.text.length) {
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
  while (cursor.at < cursor.text.length) {
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
  cursor.inserted += value.length
  if (cursor.inserted <= MOST_INSERTED) return value
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
  const word = plain(cursor, '}')
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
      return cut(cursor, value ?? '', { operator, word })
  }
}

/** A value times its pattern: so much is looked at, and no more. */
const MOST_WORK = 1 << 22

/** Without a start or an end that fits a pattern, or with something else for it. */
function cut(cursor: Cursor, value: string, { operator, word }: { readonly operator: string; readonly word: string }): string {
  if ((value.length + 1) * word.length > MOST_WORK) {
    cursor.problem ??= `too much to look for: ${word.length} characters of a pattern in ${value.length} of a value`
    return ''
  }
  switch (operator) {
    case '#':
    case '##':
      return value.slice(lengthOf(value, valueTokens(word), operator === '##') ?? 0)
    case '%':
    case '%%':
      return value.slice(0, value.length - (lengthOf(reversed(value), valueTokens(word).toReversed(), operator === '%%') ?? 0))
    default: {
      const [pattern = '', ...by] = word.split('/')
      return replaced(value, { tokens: valueTokens(pattern), by: by.join('/'), all: operator === '//' })
    }
  }
}

/** Of the longest start that fits, or the shortest. */
function lengthOf(value: string, tokens: readonly Token[], isLongest: boolean): number | undefined {
  let found: number | undefined
  for (const end of endsOf(tokens, value)) {
    found = end
    if (!isLongest) break
  }
  return found
}

const reversed = (text: string): string => text.split('').reverse().join('')

interface Replacement {
  readonly tokens: readonly Token[]
  readonly by: string
  readonly all: boolean
}

/** The first that fits and is longest there; then those behind it. Nothing at all right behind one is none of its own. */
function replaced(value: string, { tokens, by, all }: Replacement): string {
  const starts = new Set<number>()
  // Read backwards, one way through tells where all of them begin.
  for (const end of endsOf([ANYTHING, ...tokens.toReversed()], reversed(value))) starts.add(value.length - end)
  let made = ''
  let done = 0
  let isBehindOne = false
  for (let at = 0; at <= value.length; at++) {
    const end = starts.has(at) ? lastOf(endsOf(tokens, value, at)) : undefined
    if (end === undefined || (end === at && isBehindOne && at === done)) continue
    made += value.slice(done, at) + by
    done = end
    if (!all) break
    isBehindOne = end > at
    if (end > at) at = end - 1
  }
  return made + value.slice(done)
}

function lastOf(ends: Iterable<number>): number | undefined {
  let last: number | undefined
  for (const end of ends) last = end
  return last
}
