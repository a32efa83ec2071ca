/** The text of an expression as the tokens of cel-go's grammar. PURE. */
import type { Problem } from './ast.ts'

export interface Token {
  /** The text of operators and keywords; else what it is: `IDENTIFIER`, `STRING`. */
  readonly type: string
  readonly text: string
  readonly at: number
}

export const EOF = '<EOF>'

const ESCAPE = String.raw`\\(?:[abfnrtv"'\\?${'`'}]|[xX][\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-3][0-7]{2})`
const RAW = String.raw`[rR](?:"""[^]*?"""|'''[^]*?'''|"[^"\n\r]*"|'[^'\n\r]*')`
const QUOTED = String.raw`"""(?:[^\\]|${ESCAPE})*?"""|'''(?:[^\\]|${ESCAPE})*?'''|"(?:[^\\"\n\r]|${ESCAPE})*"|'(?:[^\\'\n\r]|${ESCAPE})*'`
const STRING = `${RAW}|${QUOTED}`

/** The longest that may stand there wins: what is a part of another comes after it. */
const TOKEN = new RegExp(
  [
    String.raw`[\t\n\f\r ]+|//[^\n]*`,
    `[bB]?(?:${STRING})`,
    String.raw`\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?`,
    String.raw`(?:0x[\da-fA-F]+|\d+)[uU]?`,
    '`[A-Za-z0-9_./ -]+`',
    String.raw`[A-Za-z_]\w*`,
    String.raw`==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]`,
  ].join('|'),
  'y',
)
const KEYWORDS: ReadonlySet<string> = new Set(['in', 'true', 'false', 'null'])

/** Told from a few characters: there may be very many of these. */
function typeOf(text: string): string {
  const last = text.charAt(text.length - 1)
  if (/^[\t\n\f\r ]|^\/\//.test(text)) return 'BLANK'
  if (last === '"' || last === "'") return /^[bB]/.test(text) ? 'BYTES' : 'STRING'
  if (/^[A-Za-z_]/.test(text)) return KEYWORDS.has(text) ? text : 'IDENTIFIER'
  if (/^\.?\d/.test(text)) return last === 'u' || last === 'U' ? 'NUM_UINT' : /^0x|^\d+$/.test(text) ? 'NUM_INT' : 'NUM_FLOAT'
  return last === '`' ? 'ESC_IDENTIFIER' : text
}

/** @returns with an end, and what is none of the language, which is left out. */
export function tokensOf(text: string): { readonly tokens: readonly Token[]; readonly problems: readonly Problem[] } {
  const tokens: Token[] = []
  const problems: Problem[] = []
  for (let at = 0; at < text.length; ) {
    TOKEN.lastIndex = at
    const isToken = TOKEN.test(text)
    const found = isToken ? text.slice(at, TOKEN.lastIndex) : unrecognized(text, at)
    const type = isToken ? typeOf(found) : ''
    if (!isToken) problems.push({ at, message: `Syntax error: token recognition error at: '${found}'` })
    else if (type !== 'BLANK') tokens.push({ type, text: found, at })
    at += found.length
  }
  return { tokens: [...tokens, { type: EOF, text: EOF, at: text.length }], problems }
}

const PART = String.raw`\\(?:[xX][\da-fA-F]?|u[\da-fA-F]{0,3}|U[\da-fA-F]{0,7}|[0-3][0-7]?)?[^]?`
const BEGUN = new RegExp(`[bB]?(?:"(?:[^\\\\"\\n\\r]|${ESCAPE})*|'(?:[^\\\\'\\n\\r]|${ESCAPE})*)(?:${PART}|[\\n\\r])?|\`[A-Za-z0-9_./ -]*[^]?|[=&|][^]?`, 'y')

/** As far as it might have been a token, and the character that it then was not. */
function unrecognized(text: string, at: number): string {
  BEGUN.lastIndex = at
  return BEGUN.exec(text)?.[0] ?? String.fromCodePoint(text.codePointAt(at) ?? 0)
}
