/** What Kubernetes adds to CEL: strings, lists, sets, optionals, regular expressions. */
import { goQuote } from '../../shared/model/go-text.ts'
import type { Apply, Comparing } from './overloads.ts'
import { formatText, text as shownText } from './format-text.ts'
import { distinct, listsExtended } from './lists.ts'
import { patternOf } from './patterns.ts'
import { isPlain, lowerAscii, runeCount, unitOf, upperAscii } from './runes.ts'
import { checkedInt, checkedUint, compareValues } from './standard.ts'
import { CelFault, Duration, type Equal, Optional, typeNameOf, Uint, type Value } from './values.ts'

const fault = (message: string): never => {
  throw new CelFault(message)
}

/** What Go takes for blanks at the ends of a text. */
const GO_BLANKS = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g

/** Where a text is found, counted in characters: by the engine's own search, which is not put off by texts that are nearly the same. */
function foundAt(text: string, from: bigint | undefined, search: (from: number | undefined) => number): bigint {
  if (from !== undefined && (from < 0n || from > BigInt(runeCount(text)))) return fault(`index out of range: ${from}`)
  const unit = search(from === undefined ? undefined : unitOf(text, Number(from)))
  return BigInt(unit < 0 || isPlain(text) ? unit : runeCount(text.slice(0, unit)))
}

const runeIndex = (text: string, part: string, from?: bigint): bigint => foundAt(text, from, (at) => text.indexOf(part, at))
const lastRuneIndex = (text: string, part: string, from?: bigint): bigint => foundAt(text, from, (at) => text.lastIndexOf(part, at))

function substring(text: string, start: bigint, end?: bigint): string {
  const length = BigInt(runeCount(text))
  const stop = end ?? length
  if (start < 0n || start > length) return fault(`index out of range: ${start}`)
  if (stop < 0n || stop > length) return fault(`index out of range: ${stop}`)
  if (start > stop) return fault(`invalid substring range. start: ${start}, end: ${stop}`)
  return text.slice(unitOf(text, Number(start)), unitOf(text, Number(stop)))
}

function charAt(text: string, index: bigint): string {
  if (index < 0n || index > BigInt(runeCount(text))) return fault(`index out of range: ${index}`)
  const unit = unitOf(text, Number(index))
  return unit < text.length ? String.fromCodePoint(text.codePointAt(unit) ?? 0) : ''
}

function split(text: Value, separator: Value, limit = -1n): readonly string[] {
  if (limit === 0n) return []
  const parts = (separator as string) === '' ? [...(text as string)] : (text as string).split(separator as string)
  if (limit < 0n || BigInt(parts.length) <= limit) return parts
  const kept = Number(limit) - 1
  return [...parts.slice(0, kept), parts.slice(kept).join(separator as string)]
}

/** Nothing that may be evaluated holds a longer one. */
const MOST_CHARACTERS = 10_000_000

/** Asked before a text is made that may be much longer than what it is made of. */
function checkLength(characters: number): void {
  if (characters > MOST_CHARACTERS) fault('operation cancelled: actual cost limit exceeded')
}

function replace(text: Value, [from, to]: readonly [Value, Value], limit = -1n): string {
  const growth = (to as string).length - (from as string).length
  if (growth > 0) checkLength((text as string).length + growth * ((text as string).split(from as string).length + 1))
  if (limit < 0n) return (text as string).replaceAll(from as string, () => to as string)
  const parts = (text as string).split(from as string)
  const times = Math.min(Number(limit), parts.length - 1)
  return parts.slice(1).reduce((done, part, index) => `${done}${index < times ? (to as string) : (from as string)}${part}`, parts[0] ?? '')
}

function join(list: Value, separator: Value): string {
  const parts = listOf(list).map((part) => (typeof part === 'string' ? part : fault(`join: invalid input: ${shownText(part)}`)))
  checkLength(parts.reduce((sum, part) => sum + part.length + (separator as string).length, 0))
  return parts.join(separator as string)
}

const found = (text: Value, pattern: Value, limit = -1n): readonly string[] => patternOf(pattern, 'Illegal regex: ').findAll(text as string, Number(limit))

const strings: Record<string, Apply> = {
  'string.charAt(int): string': (text, index) => charAt(text as string, index as bigint),
  'string.indexOf(string): int': (text, part) => runeIndex(text as string, part as string),
  'string.indexOf(string, int): int': (text, part, from) => runeIndex(text as string, part as string, from as bigint),
  'string.lastIndexOf(string): int': (text, part) => lastRuneIndex(text as string, part as string),
  'string.lastIndexOf(string, int): int': (text, part, from) => lastRuneIndex(text as string, part as string, from as bigint),
  'string.lowerAscii(): string': (text) => lowerAscii(text as string),
  'string.upperAscii(): string': (text) => upperAscii(text as string),
  'string.replace(string, string): string': (text, from, to) => replace(text, [from, to]),
  'string.replace(string, string, int): string': (text, ...[from = '', to = '', limit]) => replace(text, [from, to], limit as bigint),
  'string.split(string): list<string>': (text, separator) => split(text, separator),
  'string.split(string, int): list<string>': (text, separator, limit) => split(text, separator, limit as bigint),
  'string.substring(int): string': (text, start) => substring(text as string, start as bigint),
  'string.substring(int, int): string': (text, start, end) => substring(text as string, start as bigint, end as bigint),
  'string.trim(): string': (text) => (text as string).replace(GO_BLANKS, ''),
  'string.format(list<dyn>): string': (text, args) => formatText(text as string, args as readonly Value[]),
  'list<string>.join(): string': (list) => join(list, ''),
  'list<string>.join(string): string': join,
  'strings.quote(string): string': (text) => goQuote(text as string),
  'string.find(string): string': (text, wanted) => found(text, wanted, 1n)[0] ?? '',
  'string.findAll(string): list<string>': (text, wanted) => found(text, wanted),
  'string.findAll(string, int): list<string>': (text, wanted, limit) => found(text, wanted, limit as bigint),
}

const listOf = (value: Value): readonly Value[] => value as readonly Value[]
const isSorted: Apply = (list) => listOf(list).every((item, index, all) => index === 0 || compareValues(all[index - 1] ?? null, item) <= 0)
const extreme = (name: string, sign: number): Apply => (list) => (listOf(list).length === 0 ? fault(`${name} called on empty list`) : listOf(list).reduce((best, item) => (compareValues(item, best) * sign > 0 ? item : best)))
/** Of what is not known before, the items may be of other types than the first. */
const sums = (zero: Value, add: (a: never, b: never) => Value): Apply => (list) => listOf(list).reduce((sum, item) => (typeNameOf(item) === typeNameOf(zero) ? add(sum as never, item as never) : fault('no such overload')), zero)

const ORDERED = ['int', 'uint', 'double', 'bool', 'string', 'bytes', 'duration', 'timestamp']

const lists: Record<string, Apply> = {
  ...Object.fromEntries(ORDERED.flatMap((type) => [[`list<${type}>.isSorted(): bool`, isSorted], [`list<${type}>.min(): ${type}`, extreme('min', -1)], [`list<${type}>.max(): ${type}`, extreme('max', 1)]] as const)),
  'list<int>.sum(): int': sums(0n, (a: bigint, b: bigint) => checkedInt(a + b)),
  'list<double>.sum(): double': sums(0, (a: number, b: number) => a + b),
  'list<uint>.sum(): uint': sums(new Uint(0n), (a: Uint, b: Uint) => checkedUint(a.value + b.value)),
  'list<duration>.sum(): duration': sums(new Duration(0n), (a: Duration, b: Duration) => new Duration(a.nanos + b.nanos)),
}

const contains = (all: Value, some: Value, equal: Equal): boolean => listOf(some).every((item) => listOf(all).some((one) => equal(one, item)))

export const comparingLibraries: Record<string, Comparing> = {
  'list<A>.indexOf(A): int': (equal) => (list, item) => BigInt(listOf(list).findIndex((one) => equal(one, item))),
  'list<A>.lastIndexOf(A): int': (equal) => (list, item) => BigInt(listOf(list).findLastIndex((one) => equal(one, item))),
  'list<A>.distinct(): list<A>': (equal) => (list) => distinct(list, equal),
  'sets.contains(list<A>, list<A>): bool': (equal) => (a, b) => contains(a, b, equal),
  'sets.equivalent(list<A>, list<A>): bool': (equal) => (a, b) => contains(a, b, equal) && contains(b, a, equal),
  'sets.intersects(list<A>, list<A>): bool': (equal) => (a, b) => listOf(a).some((item) => listOf(b).some((one) => equal(one, item))),
}

const optionals: Record<string, Apply> = {
  'optional.of(A): optional<A>': (value) => new Optional(value),
  'optional.none(): optional<A>': () => new Optional(undefined),
  'optional.ofNonZeroValue(A): optional<A>': (value) => new Optional(isZero(value) ? undefined : value),
  'optional<A>.hasValue(): bool': (one) => (one as Optional).value !== undefined,
  'optional<A>.value(): A': (one) => (one as Optional).value ?? fault('optional.none() dereference'),
  'optional<A>.or(optional<A>): optional<A>': (one, other) => ((one as Optional).value === undefined ? other : one),
  'optional<A>.orValue(A): A': (one, other) => (one as Optional).value ?? other,
}

function isZero(value: Value): boolean {
  if (value === null || value === false || value === '' || value === 0 || value === 0n) return true
  if (Array.isArray(value)) return value.length === 0
  return value instanceof Map && value.size === 0
}

export const libraries: Record<string, Apply> = { ...strings, ...lists, ...listsExtended, ...optionals }
