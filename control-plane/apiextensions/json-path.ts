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
  const whole = /^[+-]?\d{1,20}$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined
  if (whole !== undefined && BigInt.asIntN(64, whole) === whole) return reader.steps.push({ kind: 'literal', value: wholeNumber(whole), type: 'int' }) > 0
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
  const { before, operator, after } = comparisonIn(inner)
  const [left, right] = [parseJsonPath(before), parseJsonPath(after)]
  return left !== undefined && right !== undefined && reader.steps.push({ kind: 'where', left, operator, right }) > 0
}

/** What stands around the first operator, if something stands on both sides of it, all of the latter on one line. */
function comparisonIn(text: string): { readonly before: string; readonly operator: string; readonly after: string } {
  const start = text.search(/[!<>=]/)
  const end = start + (/^[!<>=]+/.exec(text.slice(Math.max(start, 0)))?.[0].length ?? 0)
  const split = Math.min(end, text.length - 1)
  if (start <= 0 || split === start || text.includes('\n', start)) return { before: text, operator: 'exists', after: '' }
  return { before: text.slice(0, start), operator: text.slice(start, split), after: text.slice(split) }
}

/** A path that goes down again and again leads to the same values in very many ways: no cell keeps the server busy. */
const MOST_VALUES = 100_000
/** What may be passed on the way to them, all steps together. */
const MOST_PASSED = 2_000_000

/** Everything the path leads to, in order; nothing where it cannot be followed, or leads to or through too much. */
export const valuesAt = (root: Json, path: JsonPath): readonly Json[] => follow([root], path, new Passed()) ?? []

type Values = readonly Json[] | undefined

class Passed {
  #left = MOST_PASSED

  /** Whether so many more may be passed. */
  more(count: number): boolean {
    this.#left -= count
    return this.#left >= 0
  }
}

function follow(values: readonly Json[], path: JsonPath, passed: Passed): Values {
  let found: Values = values
  for (const step of path) {
    found = passed.more(found.length + 1) ? take(found, step, passed) : undefined
    if (found === undefined || found.length > MOST_VALUES) return undefined
  }
  return found
}

function take(values: readonly Json[], step: Step, passed: Passed): Values {
  switch (step.kind) {
    case 'member':
      return values.flatMap((value) => (isJsonObject(value) && Object.hasOwn(value, step.name) ? [value[step.name] ?? null] : []))
    case 'all':
      return joined(values, inside, passed)
    case 'deep':
      return containers(values, passed)
    case 'slice':
      return joined(values, (value) => (value === null ? [] : sliceOf(value, step)), passed)
    case 'where':
      return joined(values, (value) => (Array.isArray(value) ? itemsWhere(value as readonly Json[], step, passed) : undefined), passed)
    case 'union':
      return joined(step.paths, (path) => follow(values, path, passed), passed)
    case 'literal':
      return values.map(() => step.value)
    default:
      return undefined
  }
}

/** All that each leads to; asked before it is put together. */
function joined<T>(all: readonly T[], lead: (one: T) => Values, passed: Passed): Values {
  const found: Json[] = []
  for (const one of all) {
    const values = lead(one)
    if (values === undefined || !passed.more(values.length)) return undefined
    for (const value of values) found.push(value)
  }
  return found
}

const inside = (value: Json): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : isJsonObject(value) ? Object.values(value) : [])

/** Each value and all below it that hold something, each before what it holds. */
function containers(values: readonly Json[], passed: Passed): Values {
  const found: Json[] = []
  const left = values.toReversed()
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    const held = inside(value)
    if (held.length === 0) continue
    found.push(value)
    if (found.length > MOST_VALUES || !passed.more(held.length)) return undefined
    for (const one of held.toReversed()) left.push(one)
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

function itemsWhere(items: readonly Json[], step: Extract<Step, { readonly kind: 'where' }>, passed: Passed): Values {
  const found: Json[] = []
  for (const item of items) {
    const isWanted = holds(item, step, passed)
    if (isWanted === undefined) return undefined
    if (isWanted) found.push(item)
  }
  return found
}

/** `undefined` where it cannot be told. */
function holds(item: Json, { left, operator, right }: Extract<Step, { readonly kind: 'where' }>, passed: Passed): boolean | undefined {
  const lefts = follow([item], left, passed)
  if (operator === 'exists') return lefts !== undefined && lefts.length > 0
  const rights = follow([item], right, passed)
  if (lefts?.length !== 1 || rights?.length !== 1) return undefined
  const [literal] = right
  const type = literal?.kind === 'literal' ? literal.type : kindOf(rights[0] ?? null)
  return kindOf(lefts[0] ?? null) === type ? compared(lefts[0] as Scalar, rights[0] as Scalar, { operator, type }) : undefined
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
