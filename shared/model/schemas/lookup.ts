/** Finds the type of a field by its path. */
import { type Field, memberType, type Type, typeOf } from './types.ts'

/** `['spec', 'containers', 0, 'image']`: names of fields, keys of maps, indexes of lists (any number). */
export type FieldPath = ReadonlyArray<string | number>

/** The type at a path, or `undefined` where the schema has nothing of the kind. */
export function findType(schema: string | Type, path: FieldPath): Type | undefined {
  let type: Type | undefined = typeof schema === 'string' ? typeOf(schema) : schema
  for (const step of path) type = type && childType(type, step)
  return type
}

/** The type of a member, key or item. */
export function childType(type: Type, step: string | number): Type | undefined {
  switch (type.kind) {
    case 'object':
      return memberType(type, String(step))
    case 'map':
      return type.values
    case 'list':
      return type.items
    case 'any':
    case 'deduced':
      return type
    default:
      return undefined
  }
}

/** The field itself (its merge key, default, …) at a path that ends in a field's name. */
export function findField(schema: string | Type, path: FieldPath): Field | undefined {
  const owner = findType(schema, path.slice(0, -1))
  const name = path.at(-1)
  return owner?.kind === 'object' && typeof name === 'string' ? owner.fields.get(name) : undefined
}
