/** Label selectors in their text form (`app=web,tier in (a,b),!old`): parsed, matched and written. The object form lives in `label-selector.ts`. */
import type { LabelSelector } from './gen/api.ts'
import { type FieldError, fieldErrorsText, forbidden, indexPath, invalid, required, childPath, keyPath } from './field-error.ts'
import { ownMember } from './json.ts'
import type { Labels } from './label-selector.ts'
import { labelValueProblems, qualifiedNameProblems } from './validation/names.ts'
import { validateLabelName, validateLabels } from './validation/object-meta.ts'

export type LabelOperator = '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<'

export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  /** Sorted, each once. */
  readonly values: readonly string[]
}

export type ParsedLabelSelector = { readonly kind: 'selector'; readonly requirements: readonly LabelRequirement[] } | { readonly kind: 'refused'; readonly message: string }

type Token = { readonly kind: 'word' | 'in' | 'notin' | ',' | '(' | ')' | '!' | '=' | '!=' | '>' | '<' | 'end' | 'error'; readonly text: string }

/** A refusal on its way out of the parser; never leaves this file. */
interface Refusal {
  readonly refused: string
}
const isRefusal = (value: object): value is Refusal => 'refused' in value
const refuse = (refused: string): Refusal => ({ refused })

const symbols: Readonly<Record<string, Token['kind']>> = { ')': ')', ',': ',', '!': '!', '==': '=', '=': '=', '>': '>', '<': '<', '!=': '!=', '(': '(' }
const isSymbol = (char: string): boolean => '=!(),><'.includes(char)

function nextSymbol(text: string, from: number): Token {
  const longest = [text.slice(from, from + 2), text.charAt(from)].find((candidate) => symbols[candidate] !== undefined) ?? ''
  return { kind: symbols[longest] ?? 'error', text: longest }
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const char = text.charAt(at)
    if (/[ \t\r\n]/.test(char)) at++
    else if (isSymbol(char)) {
      const token = nextSymbol(text, at)
      tokens.push(token)
      at += token.text.length
    } else {
      const word = /^[^ \t\r\n=!(),><]+/.exec(text.slice(at))?.[0] ?? char
      tokens.push({ kind: word === 'in' || word === 'notin' ? word : 'word', text: word })
      at += word.length
    }
  }
  return tokens
}

interface Tokens {
  /** Keywords count as words unless an operator is due. */
  peek(): Token
  take(operatorDue?: boolean): Token
}

function reader(tokens: readonly Token[]): Tokens {
  const END: Token = { kind: 'end', text: '' }
  const asWord = (token: Token): Token => (token.kind === 'in' || token.kind === 'notin' ? { kind: 'word', text: token.text } : token)
  let at = 0
  return {
    peek: () => asWord(tokens[at] ?? END),
    take(operatorDue = false) {
      const token = tokens[at++] ?? END
      return operatorDue ? token : asWord(token)
    },
  }
}

/** Parses what a `labelSelector` parameter holds; refusals are worded as apimachinery words them. */
export function parseLabelSelector(text: string): ParsedLabelSelector {
  const parsed = parseRequirements(reader(tokenize(text)))
  if (isRefusal(parsed)) return { kind: 'refused', message: parsed.refused }
  return { kind: 'selector', requirements: parsed.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)) }
}

function parseRequirements(tokens: Tokens): LabelRequirement[] | Refusal {
  const requirements: LabelRequirement[] = []
  for (;;) {
    const { kind, text } = tokens.peek()
    if (kind === 'end') return requirements
    if (kind !== 'word' && kind !== '!') return refuse(`found '${text}', expected: !, identifier, or 'end of string'`)
    const requirement = parseRequirement(tokens)
    if (isRefusal(requirement)) return refuse(`unable to parse requirement: ${requirement.refused}`)
    requirements.push(requirement)
    const after = tokens.take()
    if (after.kind === 'end') return requirements
    if (after.kind !== ',') return refuse(`found '${after.text}', expected: ',' or 'end of string'`)
    const next = tokens.peek()
    if (next.kind !== 'word' && next.kind !== '!') return refuse(`found '${next.text}', expected: identifier after ','`)
  }
}

function parseRequirement(tokens: Tokens): LabelRequirement | Refusal {
  let token = tokens.take()
  const negated = token.kind === '!'
  if (negated) token = tokens.take()
  if (token.kind !== 'word') return refuse(`found '${token.text}', expected: identifier`)
  const key = token.text
  const problems = qualifiedNameProblems(key)
  if (problems.length > 0) return refuse(fieldErrorsText([invalid('<nil>', key, problems.join('; '))]))
  const next = tokens.peek().kind
  if (negated || next === 'end' || next === ',') return { key, operator: negated ? '!' : 'exists', values: [] }
  const operator = parseOperator(tokens)
  if (isRefusal(operator)) return operator
  const values = operator.is === 'in' || operator.is === 'notin' ? parseValues(tokens) : parseExactValue(tokens)
  return isRefusal(values) ? values : checked({ key, operator: operator.is, values: [...values].toSorted() })
}

function parseOperator(tokens: Tokens): { readonly is: LabelOperator } | Refusal {
  const { kind, text } = tokens.take(true)
  if (kind === 'in' || kind === 'notin' || kind === '=' || kind === '!=' || kind === '>' || kind === '<') return { is: kind }
  return refuse(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`)
}

function parseExactValue(tokens: Tokens): Set<string> | Refusal {
  const next = tokens.peek().kind
  if (next === 'end' || next === ',') return new Set([''])
  const token = tokens.take()
  return token.kind === 'word' ? new Set([token.text]) : refuse(`found '${token.text}', expected: identifier`)
}

function parseValues(tokens: Tokens): Set<string> | Refusal {
  const open = tokens.take()
  if (open.kind !== '(') return refuse(`found '${open.text}' expected: '('`)
  const first = tokens.peek()
  if (first.kind === ')') {
    tokens.take()
    return new Set([''])
  }
  if (first.kind !== 'word' && first.kind !== ',') return refuse(`found '${first.text}', expected: ',', ')' or identifier`)
  const values = parseList(tokens)
  if (isRefusal(values)) return values
  tokens.take()
  return values
}

/** Up to the closing parenthesis; an empty place between commas is an empty value. */
function parseList(tokens: Tokens): Set<string> | Refusal {
  const values = new Set<string>()
  for (;;) {
    const { kind, text } = tokens.take()
    if (kind === 'word') {
      values.add(text)
      const next = tokens.peek()
      if (next.kind === ')') return values
      if (next.kind !== ',') return refuse(`found '${next.text}', expected: ',' or ')'`)
    } else if (kind === ',') {
      if (values.size === 0) values.add('')
      const next = tokens.peek()
      if (next.kind === ')' || next.kind === ',') values.add('')
      if (next.kind === ')') return values
      if (next.kind === ',') tokens.take()
    } else return refuse(`found '${text}', expected: ',', or identifier`)
  }
}

function checked(requirement: LabelRequirement): LabelRequirement | Refusal {
  const errors: FieldError[] = []
  const numeric = requirement.operator === '>' || requirement.operator === '<'
  for (const [index, value] of requirement.values.entries()) {
    if (numeric && parseInteger(value) === undefined) errors.push(invalid(indexPath('values', index), value, "for 'Gt', 'Lt' operators, the value must be an integer"))
  }
  for (const [index, value] of requirement.values.entries()) {
    const problems = labelValueProblems(value)
    if (problems.length > 0) errors.push(invalid(keyPath(indexPath('values', index), requirement.key), value, problems.join('; ')))
  }
  return errors.length === 0 ? requirement : refuse(fieldErrorsText(errors))
}

const parseInteger = (text: string): number | undefined => (/^[-+]?[0-9]+$/.test(text) ? Number(text) : undefined)

/** Whether labels meet every requirement; none at all is met by everything. */
export function meetsRequirements(requirements: readonly LabelRequirement[], labels: Labels | undefined): boolean {
  for (const requirement of requirements) if (!meets(requirement, ownMember(labels, requirement.key))) return false
  return true
}

function meets({ operator, values }: LabelRequirement, value: string | undefined): boolean {
  switch (operator) {
    case '=':
      return value !== undefined && value === values[0]
    case '!=':
      return value !== values[0]
    case 'in':
      return value !== undefined && values.includes(value)
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case '>':
    case '<': {
      const [label, bound] = [parseInteger(value ?? ''), parseInteger(values[0] ?? '')]
      if (label === undefined || bound === undefined) return false
      return operator === '>' ? label > bound : label < bound
    }
  }
}

/** Canonical text of requirements. */
export const formatRequirements = (requirements: readonly LabelRequirement[]): string => requirements.map(formatRequirement).join(',')

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  if (operator === 'exists') return key
  if (operator === '!') return `!${key}`
  if (operator === 'in' || operator === 'notin') return `${key} ${operator} (${values.join(',')})`
  return `${key}${operator}${values[0] ?? ''}`
}

const operatorOf: Readonly<Record<string, LabelOperator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' }

/** The requirements of a selector object, sorted by key. Expressions with an operator nobody knows are left out: validation refuses them. */
export function requirementsOf(selector: LabelSelector): readonly LabelRequirement[] {
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]): LabelRequirement => ({ key, operator: '=', values: [value] }))
  const expressions = (selector.matchExpressions ?? []).flatMap(({ key, operator, values }): LabelRequirement[] => {
    const known = ownMember(operatorOf, operator)
    return known ? [{ key, operator: known, values: [...new Set(values)].toSorted() }] : []
  })
  return [...labels, ...expressions].toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

/** The text of a selector object, as `status.selector` of a scale and kubectl's columns have it: `<none>` for an empty one. */
export function formatLabelSelector(selector: LabelSelector | undefined): string {
  const text = selector ? formatRequirements(requirementsOf(selector)) : ''
  return text === '' ? '<none>' : text
}

/** As Go prints the type in messages. */
export function printedLabelSelector(selector: LabelSelector | undefined): string {
  if (!selector) return 'nil'
  const labels = Object.entries(selector.matchLabels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([key, value]) => `${key}: ${value},`)
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`)
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`
}

/** Objections against a selector object. */
export function validateLabelSelector(selector: LabelSelector | undefined, path: string): readonly FieldError[] {
  if (!selector) return []
  const expressions = selector.matchExpressions ?? []
  return [...validateLabels(selector.matchLabels, childPath(path, 'matchLabels')), ...expressions.flatMap((expression, index) => validateExpression(expression, indexPath(childPath(path, 'matchExpressions'), index)))]
}

function validateExpression({ key, operator, values = [] }: NonNullable<LabelSelector['matchExpressions']>[number], path: string): readonly FieldError[] {
  const errors: FieldError[] = []
  const valuesPath = childPath(path, 'values')
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.push(required(valuesPath, "must be specified when `operator` is 'In' or 'NotIn'"))
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) errors.push(forbidden(valuesPath, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
  } else errors.push(invalid(childPath(path, 'operator'), operator, 'not a valid selector operator'))
  errors.push(...validateLabelName(key, childPath(path, 'key')))
  for (const [index, value] of values.entries()) errors.push(...labelValueProblems(value).map((problem) => invalid(indexPath(valuesPath, index), value, problem)))
  return errors
}
