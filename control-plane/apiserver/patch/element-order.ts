/** In which order a strategic merge leaves the items of a list. */
import { deepEqual, isJsonObject, type Json } from '../../../shared/model/json.ts'

/** Tells items apart: by their merge key, or by their value where there is none. */
export type Sameness = (a: Json, b: Json) => boolean

export const sameBy = (mergeKey: string | undefined): Sameness =>
  mergeKey === undefined ? deepEqual : (a, b) => isJsonObject(a) && isJsonObject(b) && deepEqual(a[mergeKey], b[mergeKey])

interface Ordering {
  readonly merged: readonly Json[]
  /** The order the patch gives. */
  readonly patchOrder: readonly Json[]
  /** The order before the patch. */
  readonly serverOrder: readonly Json[]
  readonly same: Sameness
}

/**
 * Items the patch names come in its order, the others keep theirs. Where both run against each other the patch's go first, unless both items were
 * there before: new items stand before the old ones.
 */
export function ordered({ merged, patchOrder, serverOrder, same }: Ordering): readonly Json[] {
  const index = (order: readonly Json[], item: Json): number => order.findIndex((one) => same(one, item))
  const named = merged.filter((item) => index(patchOrder, item) >= 0)
  const others = merged.filter((item) => index(patchOrder, item) < 0)
  const left = others.toSorted((a, b) => compare(index(serverOrder, a), index(serverOrder, b)))
  const right = named.toSorted((a, b) => compare(index(patchOrder, a), index(patchOrder, b)))
  const result: Json[] = []
  let taken = 0
  for (const item of right) {
    for (let next = left[taken]; next !== undefined && isBefore(index(serverOrder, next), index(serverOrder, item)); next = left[++taken]) result.push(next)
    result.push(item)
  }
  return [...result, ...left.slice(taken)]
}

const compare = (a: number, b: number): number => (a < 0 || b < 0 ? 0 : a - b)
const isBefore = (a: number, b: number): boolean => a >= 0 && b >= 0 && a < b
