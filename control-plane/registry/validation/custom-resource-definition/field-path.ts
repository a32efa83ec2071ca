/** Paths to fields, as selectable fields and the `fieldPath` of rules name them: `.a.b`, `['c-d']`. PURE. */
import { type PropsSchema, sortedProperties, valuesOf } from '../../../../shared/model/structural/schema.ts'

export interface FieldPath {
  /** As errors write it: `a.b`, and keys of maps in brackets: `a[k]`. */
  readonly text: string
  /** The name that it begins with. */
  readonly root: string
  /** Of what it leads to; `undefined` within a map of anything. */
  readonly schema: PropsSchema | undefined
}

export type FollowedPath = { readonly kind: 'found'; readonly path: FieldPath } | { readonly kind: 'problem'; readonly problem: string }

/** Names between dots and brackets; in single quotes these are no matter. */
const TOKEN = /'(?:[^'\\]|\\.|\\$)*'?|[.[\]]|[^.[\]']?[^.[\]]*/sy
const ESCAPES: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', "'": "'", '\\': '\\' }
const NOWHERE = 'does not refer to a valid field'
const END = 'unexpected end of JSON path'

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) tokens.push(TOKEN.exec(text)?.[0] ?? '')
  return tokens
}

/** @param allowsBrackets whether names may be quoted in brackets. */
export function followPath(text: string, schema: PropsSchema, allowsBrackets: boolean): FollowedPath {
  const problem = (why: string): FollowedPath => ({ kind: 'problem', problem: why })
  const tokens = tokensOf(text)
  let at = 0
  let here: PropsSchema | undefined = schema
  let path = ''
  let root = ''
  while (at < tokens.length) {
    const opening = tokens[at++] ?? ''
    if (opening !== '.' && opening !== '[') return problem(`expected [ or . but got: ${opening}`)
    if (opening === '[' && !allowsBrackets) return problem('array notation is not allowed')
    const token = tokens[at++]
    if (token === undefined) return problem(END)
    const name = opening === '.' ? token : unquoted(token)
    if (typeof name !== 'string') return problem(name.problem)
    const named: boolean = here !== undefined && sortedProperties(here).length > 0
    if (!here || (!named && here.additionalProperties === undefined)) return problem(NOWHERE)
    path = named ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`
    root ||= path
    if (named && !Object.hasOwn(here.properties ?? {}, name)) return problem(NOWHERE)
    here = named ? here.properties?.[name] : valuesOf(here)
    if (opening === '.') continue
    const closing = tokens[at++]
    if (closing === undefined) return problem(END)
    if (closing !== ']') return problem(`expected ] but got ${closing}`)
  }
  return { kind: 'found', path: { text: path, root, schema: here } }
}

function unquoted(token: string): string | { readonly problem: string } {
  if (token.length < 2 || !token.startsWith("'") || !token.endsWith("'")) return { problem: `expected single quoted string but got ${token}` }
  let strange: string | undefined
  const name = token.slice(1, -1).replace(/\\./gs, (escape) => {
    const meant = ESCAPES[escape.slice(1)]
    if (meant === undefined) strange = escape
    return meant ?? ''
  })
  return strange === undefined ? name : { problem: `invalid string literal: invalid escape char ${strange}` }
}
