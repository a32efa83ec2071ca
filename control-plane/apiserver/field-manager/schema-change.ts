/** What owners hold of a custom resource whose schema has changed since. */
import { childType } from '../../../shared/model/schemas/lookup.ts'
import type { Type } from '../../../shared/model/schemas/types.ts'
import type { Managers } from './entries.ts'
import { type FieldNode, isEmptySet, LEAF, type MutableNode, SELF } from './field-set.ts'
import { typeIn, type Versions } from './versions.ts'

export interface KnownSchema {
  /** Those that are built in, by their names, stay what they are. */
  readonly schema: string | Type
  readonly apiVersion: string
  readonly versions?: Versions | undefined
}

/** Parts of what has become one whole are owned as the whole. What was whole and has parts now is left as it is. */
export function followSchema(managers: Managers, { schema, apiVersion, versions }: KnownSchema): void {
  if (typeof schema === 'string') return
  for (const [id, managed] of managers) {
    const other = managed.apiVersion === apiVersion ? undefined : versions?.(managed.apiVersion)
    if (managed.apiVersion !== apiVersion && !other) continue
    const set = asWholes(other ? typeIn(other) : schema, managed.set)
    if (set !== managed.set) managers.set(id, { ...managed, set })
  }
}

const isWhole = (type: Type): boolean => (type.kind === 'list' ? type.listType === 'atomic' : (type.kind === 'object' || type.kind === 'map') && type.atomic)

function asWholes(type: Type, set: FieldNode): FieldNode {
  if (isEmptySet(set)) return set
  if (isWhole(type)) return LEAF
  let changed: MutableNode | undefined
  for (const element in set) {
    const [child, below] = [set[element], element === SELF ? undefined : typeAt(type, element)]
    if (!child || !below) continue
    const now = asWholes(below, child)
    if (now !== child) (changed ??= { ...set })[element] = now
  }
  return (changed as FieldNode | undefined) ?? set
}

const typeAt = (type: Type, element: string): Type | undefined => (type.kind === 'list' ? type.items : element.startsWith('f:') ? childType(type, element.slice(2)) : undefined)
