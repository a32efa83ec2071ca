/** Random objects of a schema, for property tests. */
import fc from 'fast-check'
import type { Json, JsonObject } from '../../../shared/model/json.ts'
import type { Field, ListType, ObjectType, Type } from '../../../shared/model/schemas/types.ts'

const word = fc.constantFrom('a', 'b', 'c', 'd')
const small = fc.integer({ min: 1, max: 9 })

function scalarOf(type: Type): fc.Arbitrary<Json> {
  switch (type.kind) {
    case 'int64':
      return fc.oneof({ arbitrary: small, weight: 4 }, fc.constantFrom(2n ** 53n + 1n, 2n ** 63n - 1n))
    case 'int32':
    case 'number':
      return small
    case 'boolean':
      return fc.constant(true)
    case 'bytes':
      return fc.constantFrom('YQ==', 'Yg==')
    case 'time':
      return fc.constantFrom('2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z')
    case 'microTime':
      return fc.constantFrom('2024-01-01T00:00:00.000000Z')
    case 'quantity':
      return fc.constantFrom('1', '100m', '1Gi')
    case 'intOrString':
      return fc.oneof(small, word)
    default:
      return word
  }
}

/** @param depth how far it goes down; below that nothing is set. */
export function valueOf(type: Type, depth: number): fc.Arbitrary<Json> {
  switch (type.kind) {
    case 'object':
      return objectOf(type, depth)
    case 'map':
      return fc.dictionary(word, valueOf(type.values, depth - 1), { maxKeys: 3, noNullPrototype: true }) as fc.Arbitrary<Json>
    case 'list':
      return listOf(type, depth, type.keys)
    case 'any':
      return fc.constant({})
    default:
      return scalarOf(type)
  }
}

const isDeep = (type: Type): boolean => type.kind === 'object' || type.kind === 'map' || type.kind === 'list'

/** Required fields are always there, and those that are named. */
export function objectOf(type: ObjectType, depth: number, names: readonly string[] = []): fc.Arbitrary<JsonObject> {
  const always = [...names, ...[...type.fields.values()].filter(({ required }) => required).map(({ name }) => name)]
  const fields = [...type.fields.values()].filter((field) => field.name !== 'managedFields' && field.type.kind !== 'any' && (depth > 0 || always.includes(field.name) || !isDeep(field.type)))
  const picked = fc.subarray(fields, { maxLength: Math.min(5, fields.length) }).map((some) => [...new Set([...fields.filter(({ name }) => always.includes(name)), ...some])])
  return picked.chain((some) => fc.record(Object.fromEntries(some.map((field) => [field.name, memberOf(field, depth - 1)])), { noNullPrototype: true }) as fc.Arbitrary<JsonObject>)
}

/** Items that patches tell apart by a key have it, each its own, whatever the list is for others. */
const memberOf = (field: Field, depth: number): fc.Arbitrary<Json> =>
  field.type.kind === 'list' && field.patchMergeKey !== undefined ? listOf(field.type, depth, [field.patchMergeKey]) : valueOf(field.type, depth)

/** No two items of the same name, where items have names. */
function listOf({ items, listType, keys }: ListType, depth: number, names: readonly string[]): fc.Arbitrary<Json> {
  const item = items.kind === 'object' ? objectOf(items, depth - 1, [...keys, ...names]) : valueOf(items, depth - 1)
  if (listType === 'atomic' && names.length === 0) return fc.array(item, { maxLength: 3 })
  const named = (value: Json): string => JSON.stringify(names.length === 0 ? value : names.map((name) => (value as JsonObject)[name]))
  return fc.uniqueArray(item, { maxLength: 3, selector: named })
}
