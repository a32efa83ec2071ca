/** Compiled schemas of kinds as types of CEL: what an expression may name of an object of a kind that is known. */
import type { ObjectType, Type } from '../../shared/model/schemas/types.ts'
import { escapedName } from './schema-types.ts'
import { BOOL, BYTES, type CelType, DOUBLE, DYN, INT, listOf, mapOf, STRING, TIMESTAMP } from './types.ts'

const made = new WeakMap<Type, CelType>()

export function celTypeOf(type: Type): CelType {
  switch (type.kind) {
    case 'string':
      return STRING
    case 'int32':
    case 'int64':
      return INT
    case 'number':
      return DOUBLE
    case 'boolean':
      return BOOL
    case 'bytes':
      return BYTES
    case 'time':
    case 'microTime':
      return TIMESTAMP
    case 'list':
      return listOf(celTypeOf(type.items))
    case 'map':
      return mapOf(STRING, celTypeOf(type.values))
    case 'object':
      return objectType(type)
    case 'quantity':
    case 'intOrString':
    case 'any':
    case 'deduced':
      return DYN
  }
}

/** Types may hold themselves: what is being made is known before it is whole. */
function objectType(type: ObjectType): CelType {
  const known = made.get(type)
  if (known) return known
  const fields = new Map<string, CelType>()
  const whole: CelType = { kind: 'object', name: type.name, fields }
  made.set(type, whole)
  for (const [name, field] of type.fields) {
    const escaped = escapedName(name)
    if (escaped !== undefined) fields.set(escaped, celTypeOf(field.type))
  }
  return whole
}
