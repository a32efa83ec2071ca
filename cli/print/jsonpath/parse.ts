/** JSONPath templates as kubectl takes them: text with `{expressions}`, `{range}`…`{end}`. */
import { wholeNumber } from '../../../shared/model/json.ts'
import { Problem } from '../../program/problem.ts'

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'path'; readonly steps: readonly Step[] }
  | { readonly kind: 'range'; readonly steps: readonly Step[]; readonly body: readonly Node[] }

export type Step =
  | { readonly kind: 'root' }
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'recursive' }
  /** `[1:5:2]`; a single index is a slice of one. */
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined; readonly step: number; readonly single: boolean }
  | { readonly kind: 'union'; readonly members: readonly (readonly Step[])[] }
  | { readonly kind: 'filter'; readonly left: Operand; readonly operator: Operator; readonly right: Operand | undefined }

export type Operator = 'exists' | '==' | '!=' | '<' | '>' | '<=' | '>='
export type Operand = { readonly kind: 'value'; readonly value: string | number | bigint | boolean } | { readonly kind: 'path'; readonly steps: readonly Step[] }

const refuse = (message: string): Problem => new Problem(`error parsing jsonpath ${message}`)

/** @throws Problem */
export function parseJsonPath(template: string): readonly Node[] {
  const parts = split(template)
  const { nodes, rest } = parseNodes(parts, { template, inRange: false })
  if (rest.length > 0) throw refuse(`${template}, not in range, nothing to end`)
  return nodes
}

type Part = { readonly kind: 'text' | 'expression'; readonly text: string }

/** Text and what stands in braces; braces within quotes count as text. */
function split(template: string): readonly Part[] {
  const parts: Part[] = []
  let at = 0
  while (at < template.length) {
    const open = template.indexOf('{', at)
    if (open < 0) return [...parts, { kind: 'text', text: template.slice(at) }]
    if (open > at) parts.push({ kind: 'text', text: template.slice(at, open) })
    const close = closing(template, open + 1)
    if (close < 0) throw refuse(`${template}, unclosed action`)
    parts.push({ kind: 'expression', text: template.slice(open + 1, close).trim() })
    at = close + 1
  }
  return parts
}

function closing(template: string, from: number): number {
  let quote = ''
  for (let at = from; at < template.length; at++) {
    const char = template.charAt(at)
    if (char === '\\') at++
    else if (quote !== '') quote = char === quote ? '' : quote
    else if (char === '"' || char === "'") quote = char
    else if (char === '}') return at
  }
  return -1
}

interface Inside {
  readonly template: string
  readonly inRange: boolean
}

function parseNodes(parts: readonly Part[], inside: Inside): { readonly nodes: readonly Node[]; readonly rest: readonly Part[] } {
  const nodes: Node[] = []
  let left = parts
  for (let part = left[0]; part; part = left[0]) {
    left = left.slice(1)
    if (part.kind === 'text') nodes.push(part as Node)
    else if (part.text === 'end') return inside.inRange ? { nodes, rest: left } : { nodes, rest: [part, ...left] }
    else if (/^range\s/.test(part.text)) {
      const body = parseNodes(left, { ...inside, inRange: true })
      nodes.push({ kind: 'range', steps: parseSteps(part.text.slice(5).trim()), body: body.nodes })
      left = body.rest
    } else nodes.push(...parseExpression(part.text))
  }
  if (inside.inRange) throw refuse(`${inside.template}, unexpected end: {range} needs an {end}`)
  return { nodes, rest: [] }
}

/** A path, a quoted text, or several of them side by side. */
function parseExpression(text: string): readonly Node[] {
  const [, quoted] = /^(?:"((?:[^"\\]|\\.)*)"|'(?:[^'\\]|\\.)*')$/s.exec(text) ?? []
  if (/^["']/.test(text)) return [{ kind: 'text', text: unescape(quoted ?? text.slice(1, -1)) }]
  return [{ kind: 'path', steps: parseSteps(text) }]
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }
const unescape = (text: string): string => text.replace(/\\(.)/gs, (_, char: string) => ESCAPES[char] ?? char)

/** Steps of `.a.b[0]`, `$..name`, `@.x`, `['a','b']`. */
export function parseSteps(text: string): readonly Step[] {
  const steps: Step[] = []
  let at = 0
  while (at < text.length) {
    const rest = text.slice(at)
    const [taken, step] = nextStep(rest, at === 0)
    if (taken === 0) throw refuse(`${text}, unrecognized character in action: ${JSON.stringify(rest.charAt(0))}`)
    if (step) steps.push(step)
    at += taken
  }
  return steps
}

const NAME = /^(?:[^\s.[\]{}()'"$@,=<>!\\]|\\.)+/

function nextStep(rest: string, isFirst: boolean): readonly [number, Step | undefined] {
  const char = rest.charAt(0)
  if (char === '$' || char === '@') return [1, char === '$' ? { kind: 'root' } : undefined]
  if (rest.startsWith('..')) return [2, { kind: 'recursive' }]
  if (char === '[') return bracket(rest)
  if (char === '.' && rest.startsWith('[', 1)) return [1, undefined]
  const named = rest.slice(char === '.' ? 1 : 0)
  const skipped = rest.length - named.length
  if (named.startsWith('*')) return [skipped + 1, { kind: 'wildcard' }]
  const name = NAME.exec(named)?.[0]
  if (name !== undefined) return [skipped + name.length, { kind: 'field', name: unescape(name) }]
  // A lone dot is the object itself.
  return [char === '.' && (named === '' || isFirst) ? 1 : 0, undefined]
}

function bracket(rest: string): readonly [number, Step] {
  const end = closingBracket(rest)
  if (end < 0) throw refuse(`${rest}, unterminated array`)
  const inner = rest.slice(1, end).trim()
  return [end + 1, inner.startsWith('?(') ? parseFilter(inner) : parseSubscript(inner)]
}

function closingBracket(text: string): number {
  let depth = 0
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (quote !== '') quote = char === quote ? '' : quote
    else if (char === '"' || char === "'") quote = char
    else if (char === '[') depth++
    else if (char === ']' && --depth === 0) return at
  }
  return -1
}

const SLICE = /^(-?\d+)?(?::(-?\d+)?(?::(-?\d+)?)?)?$/

function parseSubscript(inner: string): Step {
  if (inner === '*') return { kind: 'wildcard' }
  const parts = inner.split(/,(?=(?:[^']*'[^']*')*[^']*$)/).map((part) => part.trim())
  if (parts.length > 1) return { kind: 'union', members: parts.map((part) => [parseSubscript(part)]) }
  const quoted = /^(?:'(.*)'|"(.*)")$/s.exec(inner)
  if (quoted) return { kind: 'field', name: quoted[1] ?? quoted[2] ?? '' }
  const slice = SLICE.exec(inner)
  if (!slice || inner === '') throw refuse(`array index ${JSON.stringify(inner)}: it is a number, a slice, a quoted name or *`)
  const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text))
  return { kind: 'slice', from: number(slice[1]), to: number(slice[2]), step: number(slice[3]) ?? 1, single: !inner.includes(':') }
}

const FILTER = /^\?\((.*)\)$/s
const COMPARED = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/s

function parseFilter(inner: string): Step {
  const condition = FILTER.exec(inner)?.[1]?.trim()
  if (condition === undefined) throw refuse(`filter [${inner}] is not closed`)
  const compared = COMPARED.exec(condition)
  if (!compared) return { kind: 'filter', left: parseOperand(condition), operator: 'exists', right: undefined }
  const [, left = '', operator, right = ''] = compared
  return { kind: 'filter', left: parseOperand(left), operator: operator as Operator, right: parseOperand(right) }
}

function parseOperand(text: string): Operand {
  const quoted = /^(?:'(.*)'|"(.*)")$/s.exec(text)
  if (quoted) return { kind: 'value', value: unescape(quoted[1] ?? quoted[2] ?? '') }
  if (/^-?\d+$/.test(text)) return { kind: 'value', value: wholeNumber(BigInt(text)) }
  if (/^-?\d+\.\d+$/.test(text)) return { kind: 'value', value: Number(text) }
  if (text === 'true' || text === 'false') return { kind: 'value', value: text === 'true' }
  return { kind: 'path', steps: parseSteps(text) }
}
