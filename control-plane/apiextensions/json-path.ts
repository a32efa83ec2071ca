/** The JSONPath of printer columns, as `k8s.io/client-go/util/jsonpath` reads one action of it. PURE. */
import { isJsonObject, isWhole, type Json, wholeNumber } from '../../shared/model/json.ts'

type Kind = 'bool' | 'int' | 'float' | 'string' | 'other'

type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'all' }
  | { readonly kind: 'deep' }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | 'one' | undefined; readonly by: number | undefined }
  | { readonly kind: 'where'; readonly left: JsonPath; readonly operator: string; readonly right: JsonPath }
  | { readonly kind: 'union'; readonly paths: readonly JsonPath[] }
  | { readonly kind: 'literal'; readonly value: Json; readonly type: Kind }
  /** A word that means nothing here. */
  | { readonly kind: 'word' }

export type JsonPath = readonly Step[]

const END_OF_NAME = ' \t\r\n.,[]$@{}'
const COMPARISON = /^([^!<>=]+)([!<>=]+)(.+)$/
const SLICE = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/
const NUMBER = /[+-]?[\d.]*/y
const isAlphaNumeric = (char: string): boolean => /^[\p{L}\p{Nd}_]$/u.test(char)

/** `undefined` for what is no path. */
export function parseJsonPath(text: string): JsonPath | undefined {
  const steps: Step[] = []
  const reader: Reader = { text, at: 0, steps }
  while (reader.at < text.length && text[reader.at] !== '}') if (!readStep(reader)) return undefined
  return steps
}

interface Reader {
  readonly text: string
  at: number
  readonly steps: Step[]
}

/** @returns false where the text is none. */
function readStep(reader: Reader): boolean {
  const { text, at, steps } = reader
  const char = text[at] ?? ''
  if (text.startsWith('[?(', at)) return readFilter(reader)
  if (text.startsWith('..', at)) {
    if (steps.at(-1)?.kind === 'deep') return false
    steps.push({ kind: 'deep' })
    reader.at += 2
    if (isAlphaNumeric(text[reader.at] ?? '')) steps.push(member(nameFrom(reader)))
    return true
  }
  reader.at++
  if (char === ' ' || char === '@' || char === '$') return true
  if (char === '.') return steps.push(member(nameFrom(reader))) > 0
  if (char === '[') return readBrackets(reader)
  if (char === '"' || char === "'") return readQuoted(reader, char)
  reader.at--
  if (/[+\-\d]/.test(char)) return readNumber(reader)
  if (!isAlphaNumeric(char)) return false
  const word = nameFrom(reader)
  steps.push(word === 'true' || word === 'false' ? { kind: 'literal', value: word === 'true', type: 'bool' } : { kind: 'word' })
  return true
}

const member = (name: string): Step => (name === '*' ? { kind: 'all' } : { kind: 'member', name: name.replaceAll('\\', '') })

function nameFrom(reader: Reader): string {
  const start = reader.at
  while (reader.at < reader.text.length && !END_OF_NAME.includes(reader.text[reader.at] ?? '')) reader.at += reader.text[reader.at] === '\\' ? 2 : 1
  return reader.text.slice(start, reader.at)
}

function readNumber(reader: Reader): boolean {
  NUMBER.lastIndex = reader.at
  const [text = ''] = NUMBER.exec(reader.text) ?? []
  reader.at += text.length
  if (/^[+-]?\d+$/.test(text)) return reader.steps.push({ kind: 'literal', value: wholeNumber(BigInt(text.replace(/^\+/, ''))), type: 'int' }) > 0
  const value = Number(text)
  return text !== '' && !Number.isNaN(value) && reader.steps.push({ kind: 'literal', value, type: 'float' }) > 0
}

function readQuoted(reader: Reader, quote: string): boolean {
  const end = endOfQuoted(reader.text, reader.at, quote)
  if (end < 0) return false
  const value = reader.text.slice(reader.at, end).replace(/\\(.)/g, '$1')
  reader.at = end + 1
  return reader.steps.push({ kind: 'literal', value, type: 'string' }) > 0
}

function endOfQuoted(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length && text[at] !== '\n'; at++) if (text[at] === quote && text[at - 1] !== '\\') return at
  return -1
}

function readBrackets(reader: Reader): boolean {
  const end = reader.text.indexOf(']', reader.at)
  if (end < 0) return false
  const inner = reader.text.slice(reader.at, end)
  reader.at = end + 1
  const parts = inner.split(',')
  if (parts.length > 1) {
    const paths = parts.map((part) => parseJsonPath(`[${part.replace(/^ +| +$/g, '')}]`))
    return paths.every((path) => path !== undefined) && reader.steps.push({ kind: 'union', paths }) > 0
  }
  const key = /^'([^']*)'$/.exec(inner)?.[1]
  if (key !== undefined) {
    const path = parseJsonPath(`.${key}`)
    return path !== undefined && reader.steps.push(...path) > 0
  }
  const [, from = '', to, by] = SLICE.exec(inner === '*' ? ':' : inner) ?? [undefined, '-']
  if ([from, to, by].some((part) => part?.endsWith('-'))) return false
  const bound = (part: string | undefined): number | undefined => (part === undefined || part === '' || part === ':' ? undefined : Number(part.replace(':', '')))
  return reader.steps.push({ kind: 'slice', from: bound(from), to: to === undefined ? 'one' : bound(to), by: bound(by) }) > 0
}

function readFilter(reader: Reader): boolean {
  const { text } = reader
  const start = reader.at + 3
  let end = start
  while (end < text.length && text[end] !== ')') {
    const char = text[end] ?? ''
    end = char === '"' || char === "'" ? endOfQuoted(text, end + 1, char) + 1 : end + 1
    if (end === 0) return false
  }
  if (!text.startsWith(')]', end)) return false
  reader.at = end + 2
  const inner = text.slice(start, end)
  const [, before = inner, operator = 'exists', after = ''] = COMPARISON.exec(inner) ?? []
  const [left, right] = [parseJsonPath(before), parseJsonPath(after)]
  return left !== undefined && right !== undefined && reader.steps.push({ kind: 'where', left, operator, right }) > 0
}

/** A path that goes down again and again leads to the same values in very many ways: no cell keeps the server busy. */
const MOST_VALUES = 100_000

/** Everything the path leads to, in order; nothing where it cannot be followed, or leads to too much. */
export const valuesAt = (root: Json, path: JsonPath): readonly Json[] => follow([root], path) ?? []

type Values = readonly Json[] | undefined

const follow = (values: readonly Json[], path: JsonPath): Values => path.reduce<Values>((found, step) => found && few(take(found, step)), values)
const few = (values: Values): Values => (values && values.length > MOST_VALUES ? undefined : values)

function take(values: readonly Json[], step: Step): Values {
  switch (step.kind) {
    case 'member':
      return values.flatMap((value) => (isJsonObject(value) && Object.hasOwn(value, step.name) ? [value[step.name] ?? null] : []))
    case 'all':
      return values.flatMap(inside)
    case 'deep':
      return containers(values)
    case 'slice':
      return joined(values.filter((value) => value !== null).map((value) => sliceOf(value, step)))
    case 'where':
      return joined(values.map((value) => (Array.isArray(value) ? (value as readonly Json[]).reduce<Values>((found, item) => found && withItem(found, item, step), []) : undefined)))
    case 'union':
      return joined(step.paths.map((path) => follow(values, path)))
    case 'literal':
      return values.map(() => step.value)
    default:
      return undefined
  }
}

const joined = (all: readonly Values[]): Values => (all.every((one) => one !== undefined) ? all.flat() : undefined)
const inside = (value: Json): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : isJsonObject(value) ? Object.values(value) : [])

/** Each value and all below it that hold something, each before what it holds. */
function containers(values: readonly Json[]): Values {
  const found: Json[] = []
  const left = values.toReversed()
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    const held = inside(value)
    if (held.length === 0) continue
    found.push(value)
    for (const one of held.toReversed()) left.push(one)
    if (found.length > MOST_VALUES) return undefined
  }
  return found
}

function sliceOf(value: Json, { from = 0, to, by = 1 }: Extract<Step, { readonly kind: 'slice' }>): Values {
  if (!Array.isArray(value)) return undefined
  const list = value as readonly Json[]
  const place = (index: number): number => (index < 0 ? index + list.length : index)
  const [first, end] = [place(from), to === 'one' ? place(from) + 1 : to === undefined ? list.length : place(to)]
  if (first === end) return []
  if (first < 0 || end < 0 || first >= list.length || end > list.length || first > end || by <= 0) return undefined
  return list.slice(first, end).filter((_, index) => index % by === 0)
}

function withItem(found: readonly Json[], item: Json, { left, operator, right }: Extract<Step, { readonly kind: 'where' }>): Values {
  const lefts = follow([item], left)
  if (operator === 'exists') return lefts && lefts.length > 0 ? [...found, item] : found
  const rights = follow([item], right)
  if (lefts?.length !== 1 || rights?.length !== 1) return undefined
  const [literal] = right
  const type = literal?.kind === 'literal' ? literal.type : kindOf(rights[0] ?? null)
  const holds = kindOf(lefts[0] ?? null) === type ? compared(lefts[0] as Scalar, rights[0] as Scalar, { operator, type }) : undefined
  return holds === undefined ? undefined : holds ? [...found, item] : found
}

type Scalar = string | number | bigint | boolean

function kindOf(value: Json): Kind {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  return isWhole(value) ? 'int' : typeof value === 'number' ? 'float' : 'other'
}

/** `undefined` where the two cannot be compared so. */
function compared(left: Scalar, right: Scalar, { operator, type }: { readonly operator: string; readonly type: Kind }): boolean | undefined {
  if (type === 'other') return undefined
  if (operator === '==') return left === right
  if (operator === '!=') return left !== right
  if (type === 'bool' || !['<', '>', '<=', '>='].includes(operator)) return undefined
  if (left === right) return operator.length === 2
  return operator.startsWith('<') ? left < right : left > right
}
