/**
 * The strategic merge patch between two objects. Which lists are merged by which key is what the schema says; the directives are those
 * that every API server reads: `$patch`, `$deleteFromPrimitiveList`, `$setElementOrder`, `$retainKeys`.
 */
import { deepEqual, isJsonObject } from '../../shared/model/json.ts'
import type { Field, Type } from '../../shared/model/schemas/types.ts'
import { childType } from '../../shared/model/schemas/lookup.ts'

export type Value = unknown
export type Members = Readonly<Record<string, Value>>

export interface DiffOptions {
  /** Leave out what was taken away. */
  readonly ignoreDeletions?: boolean
  /** Leave out everything else. */
  readonly ignoreChanges?: boolean
}

const fieldOf = (type: Type | undefined, key: string): Field | undefined => (type?.kind === 'object' ? type.fields.get(key) : undefined)

export const DELETE_ITEM = { $patch: 'delete' } as const

/** What turns `before` into `after`; empty when nothing does. */
export function diffMaps(type: Type | undefined, { before, after, retainKeys = false }: { readonly before: Members; readonly after: Members; readonly retainKeys?: boolean }, options: DiffOptions): Members {
  const patch: Record<string, Value> = {}
  for (const [key, value] of Object.entries(after)) diffMember(patch, { type, key, before: before[key], after: value }, options)
  if (!options.ignoreDeletions) for (const key of Object.keys(before)) if (after[key] === undefined) patch[key] = null
  const hasNew = Object.keys(after).some((key) => before[key] === undefined)
  if (retainKeys && (Object.keys(patch).length > 0 || hasNew)) patch['$retainKeys'] = Object.keys(after).filter((key) => after[key] !== null).toSorted()
  return patch
}

interface Member {
  readonly type: Type | undefined
  readonly key: string
  readonly before: Value
  readonly after: Value
}

function diffMember(patch: Record<string, Value>, { type, key, before, after }: Member, options: DiffOptions): void {
  const field = fieldOf(type, key)
  const child = type && childType(type, key)
  if (isJsonObject(before) && isJsonObject(after) && !field?.patchReplace) {
    const inner = diffMaps(child, { before, after, retainKeys: field?.patchRetainKeys ?? false }, options)
    if (Object.keys(inner).length > 0) patch[key] = inner
  } else if (Array.isArray(before) && Array.isArray(after) && field?.patchMerge) {
    if (field.patchMergeKey === undefined) diffScalars(patch, { key, before, after }, options)
    else diffLists(patch, { key, before: before as Members[], after: after as Members[], mergeKey: field.patchMergeKey, items: child?.kind === 'list' ? child.items : undefined }, options)
  } else if (!options.ignoreChanges && !deepEqual(before, after)) patch[key] = after
}

interface Lists<T> {
  readonly key: string
  readonly before: readonly T[]
  readonly after: readonly T[]
}

function diffScalars(patch: Record<string, Value>, { key, before, after }: Lists<Value>, { ignoreChanges, ignoreDeletions }: DiffOptions): void {
  const added = after.filter((item) => !before.includes(item))
  const gone = before.filter((item) => !after.includes(item))
  if (added.length > 0 && !ignoreChanges) patch[key] = added
  if (gone.length > 0 && !ignoreDeletions) patch[`$deleteFromPrimitiveList/${key}`] = gone
  if (added.length > 0 && !ignoreChanges) patch[`$setElementOrder/${key}`] = after
}

interface KeyedLists extends Lists<Members> {
  readonly mergeKey: string
  readonly items: Type | undefined
}

function diffLists(patch: Record<string, Value>, { key, before, after, mergeKey, items }: KeyedLists, options: DiffOptions): void {
  const changed: Members[] = []
  for (const item of after) {
    const old = before.find((one) => deepEqual(one[mergeKey], item[mergeKey]))
    if (!old) {
      if (!options.ignoreChanges) changed.push(item)
      continue
    }
    const inner = diffMaps(items, { before: old, after: item }, options)
    if (Object.keys(inner).length > 0) changed.push({ ...inner, [mergeKey]: item[mergeKey] })
  }
  const gone = options.ignoreDeletions ? [] : before.filter((old) => !after.some((item) => deepEqual(item[mergeKey], old[mergeKey])))
  const orderOf = (list: readonly Members[]): readonly Value[] => list.map((item) => item[mergeKey])
  const reordered = !deepEqual(orderOf(before).filter((name) => orderOf(after).includes(name)), orderOf(after).filter((name) => orderOf(before).includes(name)))
  if (changed.length === 0 && gone.length === 0 && (!reordered || options.ignoreChanges)) return
  if (changed.length + gone.length > 0) patch[key] = [...changed, ...gone.map((old) => ({ ...DELETE_ITEM, [mergeKey]: old[mergeKey] }))]
  if (!options.ignoreChanges) patch[`$setElementOrder/${key}`] = after.map((item) => ({ [mergeKey]: item[mergeKey] }))
}
