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
  problem: string | undefined
}

const cursorOf = (text: string, variables: Variables, { escape, keepsQuotes }: { readonly escape: string; readonly keepsQuotes: boolean }): Cursor => ({ text, variables, escape, keepsQuotes, at: 0, problem: undefined })
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
  return name === undefined ? '$' : (valueOf(cursor, name) ?? '')
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
  if (operator === '}') return value ?? ''
  const word = plain(cursor, '}')
  return modified(cursor, { name, value, operator, word })
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
    case '#':
      return (value ?? '').replace(new RegExp(`^${patternOf(word, 'short')}`, 's'), '')
    case '##':
      return (value ?? '').replace(new RegExp(`^${patternOf(word, 'long')}`, 's'), '')
    case '%':
      return withoutEnd(value ?? '', new RegExp(`^${patternOf(word, 'long')}$`, 's'), 'short')
    case '%%':
      return withoutEnd(value ?? '', new RegExp(`^${patternOf(word, 'long')}$`, 's'), 'long')
    default: {
      const [pattern = '', ...by] = word.split('/')
      return (value ?? '').replace(new RegExp(patternOf(pattern, 'long'), operator === '//' ? 'gs' : 's'), () => by.join('/'))
    }
  }
}

function withoutEnd(value: string, pattern: RegExp, length: 'short' | 'long'): string {
  const starts = Array.from({ length: value.length + 1 }, (_, at) => at)
  const found = (length === 'long' ? starts : starts.toReversed()).find((at) => pattern.test(value.slice(at)))
  return found === undefined ? value : value.slice(0, found)
}

const patternOf = (glob: string, length: 'short' | 'long'): string => glob.replace(/[.*+?^${}()|[\]\\]/g, (char) => (char === '*' ? (length === 'short' ? '.*?' : '.*') : char === '?' ? '.' : `\\${char}`))
