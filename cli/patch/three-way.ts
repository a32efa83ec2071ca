/** What `apply` sends: the difference between what is there and what is wanted, and the removal of what was wanted once and is not any more. */
import { deepEqual, isJsonObject } from '../../shared/model/json.ts'
import type { Type } from '../../shared/model/schemas/types.ts'
import { childType } from '../../shared/model/schemas/lookup.ts'
import { diffMaps, type Members } from './strategic.ts'

export interface ThreeWay {
  /** What was applied last. */
  readonly original: Members
  /** What is to be. */
  readonly modified: Members
  /** What is. */
  readonly current: Members
}

/** A strategic merge patch; empty when nothing is to change. */
export function threeWayStrategic(type: Type, { original, modified, current }: ThreeWay): Members {
  const delta = diffMaps(type, { before: current, after: modified }, { ignoreDeletions: true })
  const deletions = diffMaps(type, { before: original, after: modified }, { ignoreChanges: true })
  return mergePatches(type, deletions, delta)
}

/** For kinds without a schema: a JSON merge patch. */
export function threeWayMerge({ original, modified, current }: ThreeWay): Members {
  const delta = diffMaps(undefined, { before: current, after: modified }, { ignoreDeletions: true })
  const deletions = diffMaps(undefined, { before: original, after: modified }, { ignoreChanges: true })
  return mergePatches(undefined, deletions, delta)
}

/** Two patches made one: where both speak of a thing, the second is right. */
function mergePatches(type: Type | undefined, first: Members, second: Members): Members {
  const merged: Record<string, unknown> = { ...first }
  for (const [key, value] of Object.entries(second)) {
    const before = merged[key]
    if (isJsonObject(before) && isJsonObject(value)) merged[key] = mergePatches(type && childType(type, key), before, value)
    else if (Array.isArray(before) && Array.isArray(value)) merged[key] = mergeLists(type, key, { before: before as unknown[], value: value as unknown[] })
    else merged[key] = value
  }
  return merged
}

function mergeLists(type: Type | undefined, key: string, { before, value }: { readonly before: readonly unknown[]; readonly value: readonly unknown[] }): readonly unknown[] {
  const field = type?.kind === 'object' ? type.fields.get(key) : undefined
  const mergeKey = field?.patchMergeKey
  if (!field?.patchMerge || mergeKey === undefined) return value
  const child = type && childType(type, key)
  const items = child?.kind === 'list' ? child.items : undefined
  const same = (a: unknown, b: unknown): boolean => isJsonObject(a) && isJsonObject(b) && deepEqual(a[mergeKey], b[mergeKey])
  const merged = value.map((item) => {
    const old = before.find((one) => same(one, item))
    return isJsonObject(old) && isJsonObject(item) ? mergePatches(items, old, item) : item
  })
  return [...merged, ...before.filter((item) => !value.some((one) => same(one, item)))]
}
