/** Field selectors as requests write them: `metadata.name=a,status.phase!=Running`. Which fields a kind knows is the kind's to say. */

import { ownMember } from './json.ts'

export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

export type ParsedFieldSelector = { readonly kind: 'selector'; readonly requirements: readonly FieldRequirement[] } | { readonly kind: 'refused'; readonly message: string }

const operators = ['!=', '==', '='] as const

export function parseFieldSelector(text: string): ParsedFieldSelector {
  const requirements: FieldRequirement[] = []
  for (const term of splitTerms(text).toSorted()) {
    if (term === '') continue
    const requirement = parseTerm(term)
    if (requirement === undefined) return { kind: 'refused', message: `invalid selector: '${text}'; can't understand '${term}'` }
    if (typeof requirement === 'string') return { kind: 'refused', message: requirement }
    requirements.push(requirement)
  }
  return { kind: 'selector', requirements }
}

/** Splits at commas that no backslash escapes. */
function splitTerms(text: string): readonly string[] {
  const terms: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === ',') {
      terms.push(text.slice(start, at))
      start = at + 1
    }
  }
  return [...terms, text.slice(start)]
}

/** A requirement, or a message, or `undefined` where there is no operator. */
function parseTerm(term: string): FieldRequirement | string | undefined {
  const at = term.search(/!=|=/)
  if (at < 0) return undefined
  const operator = operators.find((one) => term.startsWith(one, at)) ?? '='
  const value = unescapeValue(term.slice(at + operator.length))
  if (value.kind === 'refused') return value.message
  return { field: term.slice(0, at), operator: operator === '!=' ? '!=' : '=', value: value.text }
}

function unescapeValue(text: string): { readonly kind: 'text'; readonly text: string } | { readonly kind: 'refused'; readonly message: string } {
  let plain = ''
  let escaped = false
  for (const char of text) {
    if (escaped) {
      if (!'\\,='.includes(char)) return { kind: 'refused', message: `invalid field selector: invalid escape sequence: \\${char}` }
      plain += char
      escaped = false
    } else if (char === '\\') escaped = true
    else if (char === ',' || char === '=') return { kind: 'refused', message: `invalid field selector: unescaped character in value: ${char.charCodeAt(0)}` }
    else plain += char
  }
  return escaped ? { kind: 'refused', message: 'invalid field selector: invalid escape sequence: \\' } : { kind: 'text', text: plain }
}

/** Whether the fields have the wanted values; a field that is absent counts as empty. */
export const meetsFieldRequirements = (requirements: readonly FieldRequirement[], fields: Readonly<Record<string, string>>): boolean =>
  requirements.every(({ field, operator, value }) => (operator === '=') === ((ownMember(fields, field) ?? '') === value))

/** The value a selector demands of a field, if it demands one: a list by `metadata.name` is a lookup. */
export const demandedValue = (requirements: readonly FieldRequirement[], field: string): string | undefined => requirements.find((one) => one.field === field && one.operator === '=')?.value

const escapeValue = (value: string): string => value.replace(/[\\,=]/g, (char) => `\\${char}`)

/** Canonical text, as a stored continue token or a log may hold it. */
export const formatFieldSelector = (requirements: readonly FieldRequirement[]): string => requirements.map(({ field, operator, value }) => `${field}${operator}${escapeValue(value)}`).join(',')
