import { barePath, jsonPathValues } from '../print/jsonpath/evaluate.ts'
import { isNumber } from '../../shared/model/json.ts'
import { parseQuantity } from '../../shared/model/quantity.ts'

/** The things in the order of what the path leads to; where there is nothing comes first. */
export function sortBy<T>(things: readonly T[], path: string, objectOf: (thing: T) => unknown): readonly T[] {
  const keyed = things.map((thing) => ({ thing, key: jsonPathValues(barePath(path), objectOf(thing))[0] }))
  return keyed.toSorted((a, b) => compare(a.key, b.key)).map(({ thing }) => thing)
}

function compare(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1)
  if (isNumber(a) && isNumber(b)) return a < b ? -1 : a > b ? 1 : 0
  const [x, y] = [String(a), String(b)]
  const [left, right] = [parseQuantity(x)?.nanos, parseQuantity(y)?.nanos]
  if (left !== undefined && right !== undefined) return left < right ? -1 : left > right ? 1 : 0
  return x < y ? -1 : x > y ? 1 : 0
}
