/** The extended list library of CEL, in its third version: parts, order and distinct items of lists. */
import type { Apply } from './overloads.ts'
import { compareValues } from './standard.ts'
import { CelFault, type Equal, Optional, typeNameOf, type Value } from './values.ts'

const fault = (message: string): never => {
  throw new CelFault(message)
}

const listOf = (value: Value): readonly Value[] => value as readonly Value[]

/** Nothing that may be evaluated holds a longer one. */
const MOST_ITEMS = 100_000n
/** Nothing makes a longer one of others. */
const MOST_MADE = 1_000_000

function slice(list: Value, start: bigint, end: bigint): readonly Value[] {
  const call = `cannot slice(${start}, ${end})`
  if (start < 0n || end < 0n) return fault(`${call}, negative indexes not supported`)
  if (start > end) return fault(`${call}, start index must be less than or equal to end index`)
  const items = listOf(list)
  return BigInt(items.length) < end ? fault(`${call}, list is length ${items.length}`) : items.slice(Number(start), Number(end))
}

/** A list may stand in another very many times. */
function flattened(list: Value, depth: bigint, into: Value[] = []): readonly Value[] {
  for (const item of listOf(list)) {
    if (Array.isArray(item) && depth > 0n) flattened(item as Value, depth - 1n, into)
    else into.push(item)
    if (into.length > MOST_MADE) fault('operation cancelled: actual cost limit exceeded')
  }
  return into
}

function range(count: bigint): readonly Value[] {
  if (count > MOST_ITEMS) return fault('operation cancelled: actual cost limit exceeded')
  return Array.from({ length: Math.max(0, Number(count)) }, (_, index) => BigInt(index))
}

/** Equal values of these types are the same key of a set; numbers of other types are compared one by one. */
const isKey = (value: Value): boolean => typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean'

export function distinct(list: Value, equal: Equal): readonly Value[] {
  const keys = new Set<Value>()
  const others: Value[] = []
  const isNew = (item: Value): boolean => {
    if (isKey(item) && keys.has(item)) return false
    if (others.some((one) => equal(one, item))) return false
    return isKey(item) || !keys.values().some((one) => equal(one, item))
  }
  return listOf(list).filter((item) => {
    if (!isNew(item)) return false
    if (isKey(item)) keys.add(item)
    else others.push(item)
    return true
  })
}

/** The types of what can be put in order. */
export const COMPARABLE: readonly string[] = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes']

const sort: Apply = (list) => sortedByKeys(listOf(list).map((item) => ({ key: item, item })))

/** Items in the order of their keys. Throws where keys cannot be compared. */
export function sortedByKeys(items: ReadonlyArray<{ readonly key: Value; readonly item: Value }>): readonly Value[] {
  const [first, ...others] = items
  if (!first) return []
  const type = typeNameOf(first.key)
  if (others.some(({ key }) => typeNameOf(key) !== type)) return fault('list elements must have the same type')
  return items.toSorted((a, b) => compareValues(a.key, b.key)).map(({ item }) => item)
}

const optionalsOf = (list: Value): readonly Value[] => listOf(list).flatMap((one) => (one instanceof Optional && one.value !== undefined ? [one.value] : []))

export const listsExtended: Record<string, Apply> = {
  'list<A>.slice(int, int): list<A>': (list, start, end) => slice(list, start as bigint, end as bigint),
  'list<list<A>>.flatten(): list<A>': (list) => flattened(list, 1n),
  'list<dyn>.flatten(int): list<dyn>': (list, depth) => ((depth as bigint) < 0n ? fault('level must be non-negative') : flattened(list, depth as bigint)),
  ...Object.fromEntries(COMPARABLE.map((type) => [`list<${type}>.sort(): list<${type}>`, sort] as const)),
  'list<A>.reverse(): list<A>': (list) => listOf(list).toReversed(),
  'lists.range(int): list<int>': (count) => range(count as bigint),
  'list<A>.first(): optional<A>': (list) => new Optional(listOf(list)[0]),
  'list<A>.last(): optional<A>': (list) => new Optional(listOf(list).at(-1)),
  'list<optional<A>>.unwrapOpt(): list<A>': optionalsOf,
  'optional.unwrap(list<optional<A>>): list<A>': optionalsOf,
}
