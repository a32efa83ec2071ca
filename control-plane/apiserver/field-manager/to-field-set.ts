/** The fields that a configuration sets: what an applier comes to own. */
import { isJsonObject, type Json } from '../../../shared/model/json.ts'
import { memberType, type Type, typeFor } from '../../../shared/model/schemas/types.ts'
import { EMPTY, type FieldNode, isEmptySet, LEAF, type MutableNode, SELF } from './field-set.ts'
import { itemElement } from './path-element.ts'

export const toFieldSet = (type: Type, value: Json): FieldNode => setOf(type, value) ?? EMPTY

/** `undefined`: nothing of it is set. */
function setOf(known: Type, value: Json): FieldNode | undefined {
  const type = typeFor(known, value)
  switch (type.kind) {
    case 'object':
    case 'map':
      return type.atomic ? LEAF : membersOf(type, value)
    case 'list':
      return type.listType === 'atomic' ? LEAF : itemsOf(type, value)
    default:
      return LEAF
  }
}

function membersOf(type: Extract<Type, { readonly kind: 'object' | 'map' }>, value: Json): FieldNode | undefined {
  if (!isJsonObject(value)) return undefined
  const set: MutableNode = {}
  for (const [name, member] of Object.entries(value)) {
    const field = type.kind === 'object' ? memberType(type, name) : type.values
    const below = setOf(field ?? { kind: 'any' }, member)
    const nothing = member === null || (isJsonObject(member) && Object.keys(member).length === 0)
    // A member that no schema declares is there by being named.
    const isKey = type.kind === 'map' || !type.fields.has(name)
    if (below !== undefined || nothing || isKey) set[`f:${name}`] = nothing ? LEAF : isKey ? withSelf(below ?? LEAF) : (below ?? LEAF)
  }
  return isEmptySet(set as FieldNode) ? undefined : (set as FieldNode)
}

function itemsOf(type: Extract<Type, { readonly kind: 'list' }>, value: Json): FieldNode | undefined {
  if (!Array.isArray(value)) return undefined
  const set: MutableNode = {}
  for (const item of value as readonly Json[]) {
    const known = itemElement(type, item)
    if (known.kind === 'element') set[known.element] = withSelf(setOf(type.items, item) ?? LEAF)
  }
  return isEmptySet(set as FieldNode) ? undefined : (set as FieldNode)
}

const withSelf = (node: FieldNode): FieldNode => (isEmptySet(node) ? LEAF : { ...node, [SELF]: LEAF })
