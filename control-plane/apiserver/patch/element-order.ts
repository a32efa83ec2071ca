/** In which order a strategic merge leaves the items of a list. */
import { deepEqual, isJsonObject, type Json } from '../../../shared/model/json.ts'

/** Tells items apart: by their merge key, or by their value where there is none. */
export type Sameness = (a: Json, b: Json) => boolean

export const sameBy = (mergeKey: string | undefined): Sameness =>
  mergeKey === undefined ? deepEqual : (a, b) => isJsonObject(a) && isJsonObject(b) && deepEqual(a[mergeKey], b[mergeKey])

/** What is the same for items that are the same, and for no others; `undefined`: the item is the same as none. Lists of thousands are not searched item by item. */
export type Identity = (item: Json) => string | undefined

export const identityBy = (mergeKey: string | undefined): Identity =>
  mergeKey === undefined ? canonicalText : (item) => (isJsonObject(item) ? canonicalText(item[mergeKey]) : undefined)

function canonicalText(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalText).join()}]`
  if (!isJsonObject(value)) return String(JSON.stringify(value))
  return `{${Object.keys(value).toSorted().map((key) => `${JSON.stringify(key)}:${canonicalText(value[key])}`).join()}}`
}

/** Where the first of each kind stands; -1: nowhere. */
export function placesIn(items: readonly Json[], identity: Identity): (item: Json) => number {
  const places = new Map<string, number>()
  for (const [place, item] of items.entries()) {
    const key = identity(item)
    if (key !== undefined && !places.has(key)) places.set(key, place)
  }
  return (item) => places.get(identity(item) ?? '') ?? -1
}

interface Ordering {
  readonly merged: readonly Json[]
  /** The order the patch gives. */
  readonly patchOrder: readonly Json[]
  /** The order before the patch. */
  readonly serverOrder: readonly Json[]
  readonly identity: Identity
}

/**
 * Items the patch names come in its order, the others keep theirs. Where both run against each other the patch's go first, unless both items were
 * there before: new items stand before the old ones.
 */
export function ordered({ merged, patchOrder, serverOrder, identity }: Ordering): readonly Json[] {
  const [inPatch, onServer] = [placesIn(patchOrder, identity), placesIn(serverOrder, identity)]
  const named = merged.filter((item) => inPatch(item) >= 0)
  const others = merged.filter((item) => inPatch(item) < 0)
  const left = others.toSorted((a, b) => compare(onServer(a), onServer(b)))
  const right = named.toSorted((a, b) => compare(inPatch(a), inPatch(b)))
  const result: Json[] = []
  let taken = 0
  for (const item of right) {
    for (let next = left[taken]; next !== undefined && isBefore(onServer(next), onServer(item)); next = left[++taken]) result.push(next)
    result.push(item)
  }
  return [...result, ...left.slice(taken)]
}

const compare = (a: number, b: number): number => (a < 0 || b < 0 ? 0 : a - b)
const isBefore = (a: number, b: number): boolean => a >= 0 && b >= 0 && a < b
