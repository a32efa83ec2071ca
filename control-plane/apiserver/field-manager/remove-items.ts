/** Takes fields out of an object, and finds what an applier gave up. */
import { isJsonObject, type Json, type JsonObject, setMember } from '../../../shared/model/json.ts'
import { childType } from '../../../shared/model/schemas/lookup.ts'
import { type Type, typeFor } from '../../../shared/model/schemas/types.ts'
import { difference, type FieldNode, has, intersection, isEmptySet, type MutableNode, SELF, LEAF, union } from './field-set.ts'
import { itemElement } from './path-element.ts'
import { toFieldSet } from './to-field-set.ts'

const ANY: Type = { kind: 'any' }

/** The object without the fields of the set. What becomes empty becomes null. */
export function removeItems(type: Type, object: JsonObject, set: FieldNode): JsonObject {
  if (isEmptySet(set)) return object
  const rest = remove(type, object, set)
  return isJsonObject(rest) ? rest : {}
}

function remove(known: Type, value: Json, set: FieldNode): Json {
  const type = typeFor(known, value)
  if (type.kind === 'list') return removeFromList(type, value, set)
  if (type.kind !== 'object' && type.kind !== 'map') return value
  if (!isJsonObject(value) || type.atomic) return null
  const rest: Record<string, Json> = {}
  for (const [name, member] of Object.entries(value)) {
    const element = `f:${name}`
    if (has(set, element)) continue
    const below = set[element]
    setMember(rest, name, below === undefined ? member : remove(childType(type, name) ?? ANY, member, below))
  }
  return Object.keys(rest).length === 0 ? null : rest
}

function removeFromList(type: Extract<Type, { readonly kind: 'list' }>, value: Json, set: FieldNode): Json {
  if (!Array.isArray(value) || type.listType === 'atomic') return null
  const rest = (value as readonly Json[]).flatMap((item) => {
    const known = itemElement(type, item)
    const element = known.kind === 'element' ? known.element : ''
    if (has(set, element)) return []
    const below = set[element]
    return [below === undefined ? item : remove(type.items, item, below)]
  })
  return rest.length === 0 ? null : rest
}

/** The object with nothing but the fields of the set. */
export function onlyItems(type: Type, object: JsonObject, set: FieldNode): JsonObject {
  return removeItems(type, object, difference(withNamedFields(type, toFieldSet(type, object)), withNamedFields(type, set)))
}

/** The set with every named field on the way to a member made a member too; map keys and list items are left as they are. */
export function withNamedFields(type: Type, set: FieldNode): FieldNode {
  const result: MutableNode = {}
  for (const [element, node] of Object.entries(set)) {
    if (element === SELF) continue
    const below = isEmptySet(node) ? node : withNamedFields(elementType(type, element), node)
    const named = type.kind === 'object' && element.startsWith('f:') && type.fields.has(element.slice(2))
    result[element] = isEmptySet(below) || !(named || node[SELF] !== undefined) ? below : { ...below, [SELF]: LEAF }
  }
  return result as FieldNode
}

const elementType = (type: Type, element: string): Type => childType(type, element.slice(2)) ?? ANY

export interface Pruning {
  readonly type: Type
  /** What the applier owned before. */
  readonly last: FieldNode
  /** What anybody owns now, the applier's new set included. */
  readonly owned: FieldNode
}

/** Drops what the applier owned, does not apply any more and nobody else owns. */
export function prune(merged: JsonObject, { type, last, owned }: Pruning): JsonObject {
  if (isEmptySet(last)) return merged
  const lastNamed = withNamedFields(type, last)
  const pruned = removeItems(type, merged, lastNamed)
  const all = withNamedFields(type, toFieldSet(type, merged))
  const keep = union(withNamedFields(type, toFieldSet(type, pruned)), withNamedFields(type, owned))
  const withOwned = removeItems(type, merged, difference(all, keep))
  const kept = withNamedFields(type, toFieldSet(type, withOwned))
  return removeItems(type, merged, intersection(difference(all, kept), lastNamed))
}
