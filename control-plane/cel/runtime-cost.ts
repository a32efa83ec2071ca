/** What expressions cost when they run, in Kubernetes' units (those of cel-go's standard functions, and those that Kubernetes gives its own libraries). PURE. */
import type { Macro } from './ast.ts'
import type { Overload } from './overloads.ts'
import { CidrValue, IpValue, type Value } from './values.ts'

const TRAVERSAL = 0.1
const REGEX = 0.25
export const LIST_CREATE = 10
export const MAP_CREATE = 30
export const MESSAGE_CREATE = 40
/** Two questions about rights fit into an expression. */
const RIGHTS_CHECK = 350_000
/** Formats are patterns that nobody sees: one of this length. */
const FORMAT_LENGTH = 64

/** What a comprehension does at each item beside its body: it looks whether it is to go on, and adds to what it has come to. */
export const FOLD_STEPS: Readonly<Record<Macro, number>> = { all: 3, exists: 4, existsOne: 1, filter: 1, map: 12, transformList: 12, transformMap: 3, transformMapEntry: 2, sortBy: 12, optMap: 0, optFlatMap: 0 }
/** What it does besides for an item that is kept. */
export const KEPT_STEPS = { existsOne: 1, filter: 12 } as const

/** Characters, bytes, items, entries; of everything else 1. */
export function sizeOf(value: Value | undefined): number {
  if (typeof value === 'string' || Array.isArray(value) || value instanceof Uint8Array) return value.length
  if (value instanceof Map) return value.size
  if (value instanceof CidrValue) return Math.ceil(value.cidr.prefixLength / 8)
  return value instanceof IpValue ? value.ip.bytes.length : 1
}

const scan = (size: number): number => Math.ceil(size * TRAVERSAL)
const search = (text: Value | undefined, pattern: number): number => scan(sizeOf(text) + 1) * Math.ceil(pattern * REGEX)

/** Through a value and all that is in it. */
function traversal(value: Value | undefined): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return Math.floor(value.length * TRAVERSAL)
  if (Array.isArray(value)) return (value as readonly Value[]).reduce<number>((sum, item) => sum + traversal(item), 0)
  if (!(value instanceof Map)) return 1
  let sum = 0
  for (const [key, member] of value as ReadonlyMap<Value, Value>) sum += traversal(key) + traversal(member)
  return sum
}

/** By the name of the function alone. */
const BY_NAME: Readonly<Record<string, (values: readonly Value[]) => number>> = {
  check: () => RIGHTS_CHECK,
  fieldSelector: ([, text]) => selector(sizeOf(text)),
  labelSelector: ([, text]) => selector(sizeOf(text)),
  ...Object.fromEntries(['isSorted', 'sum', 'min', 'max', 'indexOf', 'lastIndexOf'].map((name) => [name, ([first]: readonly Value[]) => traversal(first)])),
  ...Object.fromEntries(['url', 'lowerAscii', 'upperAscii', 'substring', 'trim', 'jsonpatch.escapeKey', 'cidr', 'isIP', 'isCIDR', 'quantity', 'isQuantity', 'semver', 'isSemver'].map((name) => [name, ([first]: readonly Value[]) => scan(sizeOf(first))])),
  ip: ([first]) => (first instanceof CidrValue ? 1 : scan(sizeOf(first))),
  'ip.isCanonical': ([first]) => scan(2 * sizeOf(first)),
  replace: ([first]) => scan(2 * sizeOf(first)),
  split: ([first]) => scan(2 * sizeOf(first)),
  join: ([parts, separator = '']) => scan(2 * (parts as readonly Value[]).reduce<number>((sum, part) => sum + sizeOf(part) + sizeOf(separator), 0)),
  find: ([text, pattern]) => search(text, sizeOf(pattern)),
  findAll: ([text, pattern]) => search(text, sizeOf(pattern)),
  slice: ([, start, end]) => made(Math.max(0, Number(end) - Number(start))),
  flatten: ([list, depth = 1n]) => made(sizeOf(list) * Math.max(0, Number(depth))),
  reverse: ([list]) => made(sizeOf(list)),
  'lists.range': ([count]) => made(Math.max(0, Number(count))),
  distinct: ([list]) => compared(list),
  sort: ([list]) => compared(list),
  'sets.contains': ([a, b]) => 1 + sizeOf(a) * sizeOf(b),
  'sets.intersects': ([a, b]) => 1 + sizeOf(a) * sizeOf(b),
  'sets.equivalent': ([a, b]) => 1 + 2 * sizeOf(a) * sizeOf(b),
  validate: ([, text]) => search(text, FORMAT_LENGTH),
  containsIP: ([range, other]) => scan(2 * sizeOf(range)) + parsed(other),
  containsCIDR: ([range, other]) => scan(2 * sizeOf(range)) + scan(sizeOf(range)) + 1 + parsed(other),
}

const made = (size: number): number => 1 + LIST_CREATE + size

/** Each item with each. */
export function compared(list: Value | undefined): number {
  const [first] = Array.isArray(list) ? (list as readonly Value[]) : []
  return made(Math.floor(sizeOf(list) ** 2 * (isText(first) ? 2 + TRAVERSAL : 2)))
}

const parsed = (text: Value | undefined): number => (typeof text === 'string' ? scan(text.length) : 0)
/** A list of requirements, the shortest of which take two characters. */
const selector = (length: number): number => LIST_CREATE + scan(length) + Math.ceil(length / 2) * (LIST_CREATE + MESSAGE_CREATE)

/** Only where it was known which function is meant before anything ran: what is chosen by the values costs 1. */
const BY_OVERLOAD: Readonly<Record<string, (first: Value | undefined, second: Value | undefined) => number>> = {
  startsWith: (first) => scan(sizeOf(first)),
  endsWith: (first) => scan(sizeOf(first)),
  bytes: (first) => (typeof first === 'string' ? scan(sizeOf(first)) : 1),
  string: (first) => (first instanceof Uint8Array ? scan(sizeOf(first)) : 1),
  '@in': (_first, second) => (Array.isArray(second) ? second.length : 1),
  '_+_': (first, second) => (isText(first) ? scan(sizeOf(first) + sizeOf(second)) : 1),
  matches: (first, second) => search(first, sizeOf(second)),
  contains: (first, second) => (typeof second === 'string' ? scan(sizeOf(first)) * scan(sizeOf(second)) : 1),
  ...Object.fromEntries(['_==_', '_!=_', '_<_', '_<=_', '_>_', '_>=_'].map((name) => [name, (first: Value | undefined, second: Value | undefined) => scan(Math.min(sizeOf(first), sizeOf(second)))])),
}

const isText = (value: Value | undefined): boolean => typeof value === 'string' || value instanceof Uint8Array

/**
 * What calls of a function cost by their values; without an answer 1.
 * @param overloads what the calls were known to mean before they ran.
 */
export function costOfCalls(name: string, overloads: readonly Overload[]): ((values: readonly Value[]) => number) | undefined {
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name]
  const byOverload = overloads.length === 1 && Object.hasOwn(BY_OVERLOAD, name) ? BY_OVERLOAD[name] : undefined
  return byOverload && (([first, second]) => byOverload(first, second))
}
