/** `"%d of %s".format([…])`. */
import { goQuote } from '../../shared/model/go-text.ts'
import { wholeTypeName } from './no-overload.ts'
import { doubleText } from './standard.ts'
import { durationText, timestampText } from './times.ts'
import { CelFault, Duration, Timestamp, TypeValue, typeNameOf, Uint, type Value } from './values.ts'

const fault = (message: string): never => {
  throw new CelFault(message)
}

/** One `%…` of a template. */
export interface Clause {
  readonly verb: string
  readonly precision: number
}

/** What a template asks for, with the plain text between; a problem where it cannot be read, which is met only when all before it is fine. */
export type TemplatePart = { readonly kind: 'text'; readonly text: string } | ({ readonly kind: 'clause' } & Clause) | { readonly kind: 'problem'; readonly message: string }

export function templateParts(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = []
  const next = /%%|%(?:\.(\d+))?(.)?|[^%]+/gsu
  for (const [all, precision, verb] of template.matchAll(next)) {
    if (all === '%%') parts.push({ kind: 'text', text: '%' })
    else if (!all.startsWith('%')) parts.push({ kind: 'text', text: all })
    else if (verb === undefined) parts.push({ kind: 'problem', message: 'unexpected end of string' })
    else if (!Object.hasOwn(WRONG, verb === 'X' ? 'x' : verb) && verb !== 's') parts.push({ kind: 'problem', message: `could not parse formatting clause: unrecognized formatting clause "${verb}"` })
    else parts.push({ kind: 'clause', verb, precision: precision === undefined ? 6 : Number(precision) })
  }
  return parts
}

export function formatText(template: string, args: readonly Value[]): string {
  let next = 0
  return templateParts(template)
    .map((part) => {
      if (part.kind === 'text') return part.text
      if (next >= args.length && (part.kind === 'clause' || part.message !== 'unexpected end of string')) return fault(`index ${next} out of range`)
      return part.kind === 'problem' ? fault(part.message) : clause(part.verb, args[next++] ?? null, part.precision)
    })
    .join('')
}

/** What each clause says of a value that it cannot show, and the types it can. */
const WRONG: Readonly<Record<string, { readonly words: string; readonly types: readonly string[] }>> = {
  d: { words: 'decimal clause can only be used on integers', types: ['int', 'uint'] },
  f: { words: 'fixed-point clause can only be used on doubles', types: ['double', 'string'] },
  e: { words: 'scientific clause can only be used on doubles', types: ['double', 'string'] },
  b: { words: 'only integers and bools can be formatted as binary', types: ['int', 'uint', 'bool'] },
  o: { words: 'octal clause can only be used on integers', types: ['int', 'uint'] },
  x: { words: 'only integers, byte buffers, and strings can be formatted as hex', types: ['int', 'uint', 'string', 'bytes'] },
}

/** What is wrong with a value of the type in a clause, seen before anything runs. */
export function clauseProblem({ verb }: Clause, typeName: string): string | undefined {
  const wrong = Object.hasOwn(WRONG, verb.toLowerCase()) ? WRONG[verb.toLowerCase()] : undefined
  return !wrong || wrong.types.includes(typeName) ? undefined : `error during formatting: ${wrong.words}, was given ${wholeTypeName(typeName)}`
}

const integer = (value: Value): bigint | undefined => (typeof value === 'bigint' ? value : value instanceof Uint ? value.value : undefined)
const wrong = (verb: string, value: Value): never => fault(`error during formatting: ${WRONG[verb]?.words ?? ''}, was given ${wholeTypeName(typeNameOf(value))}`)
const NUMBER_WORDS = ['NaN', 'Infinity', '-Infinity']

/** A double, or one of those that have no digits, told as text. */
function double(verb: string, value: Value): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' && NUMBER_WORDS.includes(value) ? Number(value) : wrong(verb, value)
}

function clause(verb: string, value: Value, precision: number): string {
  switch (verb) {
    case 's':
      return text(value)
    case 'd':
      return String(integer(value) ?? wrong('d', value))
    case 'f':
      return fixed(double('f', value), precision)
    case 'e':
      return scientific(double('e', value))
    case 'b':
      return typeof value === 'boolean' ? (value ? '1' : '0') : (integer(value) ?? wrong('b', value)).toString(2)
    case 'o':
      return (integer(value) ?? wrong('o', value)).toString(8)
    default: {
      const hex = typeof value === 'string' ? Buffer.from(value).toString('hex') : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : (integer(value) ?? wrong('x', value)).toString(16)
      return verb === 'X' ? hex.toUpperCase() : hex
    }
  }
}

/** In English words, which have no say in what is not finite. */
function fixed(value: number, precision: number): string {
  if (!Number.isFinite(value)) return notFinite(value)
  const [whole = '', fraction] = rounded(value, precision).split('.')
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** What lies in the middle goes to the even side, where JavaScript goes up. */
function rounded(value: number, precision: number): string {
  const up = value.toFixed(precision)
  if (precision >= 100 || !/[13579]$/.test(up)) return up
  const exact = value.toFixed(Math.min(100, precision + 60))
  const cut = exact.slice(0, up.length + (precision === 0 ? 1 : 0))
  return /^50*$/.test(exact.slice(cut.length)) ? cut.replace(/\.$/, '') : up
}

/** Always six digits: what a template says of them is taken for the width. */
function scientific(value: number): string {
  if (!Number.isFinite(value)) return notFinite(value)
  const [digits = '', power = '0'] = value.toExponential(6).split('e')
  const size = String(Math.abs(Number(power))).padStart(2, '0')
  return `${digits}\u202f×\u202f10${Number(power) < 0 ? '⁻' : ''}${size.replaceAll(/\d/g, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'.charAt(Number(digit)))}`
}

const notFinite = (value: number): string => (Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞')

/** As `%s` prints it. */
export function text(value: Value): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return doubleText(value)
  if (value === null) return 'null'
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(literal).join(', ')}]`
  if (value instanceof Map) return `{${[...value].map(([key, one]) => [literal(key as Value), literal(one as Value)] as const).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map((entry) => entry.join(':')).join(', ')}}`
  if (value instanceof Duration) return durationText(value)
  if (value instanceof Timestamp) return timestampText(value)
  if (value instanceof Uint) return String(value.value)
  if (value instanceof TypeValue) return value.name
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  return typeof value === 'bigint' || typeof value === 'boolean' ? String(value) : fault(`error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${wholeTypeName(typeNameOf(value))}`)
}

/** As it would be written in an expression. */
function literal(value: Value): string {
  if (typeof value === 'string') return goQuote(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value.toFixed(6) : goQuote(doubleText(value))
  if (value instanceof Uint8Array) return `b${goQuote(text(value))}`
  if (value instanceof Timestamp) return `timestamp(${goQuote(text(value))})`
  return value instanceof Duration ? `duration(${goQuote(text(value))})` : text(value)
}
