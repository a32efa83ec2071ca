/** `x-kubernetes-list-type` and `x-kubernetes-list-map-keys`. */
import { type FieldError, forbidden, invalid, notSupported, required } from '../../../../shared/model/field-error.ts'
import { itemsOf, type PropsSchema } from '../../../../shared/model/structural/schema.ts'
import { printedSchema } from './printed.ts'

export function validateListKeywords(schema: PropsSchema, path: string): readonly FieldError[] {
  const listType = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const errors: FieldError[] = [...typeErrors(schema, path)]
  if (keys.length > 0 && listType !== 'map') {
    const rule = 'must be map if x-kubernetes-list-map-keys is non-empty'
    errors.push(listType === undefined ? required(`${path}.x-kubernetes-list-type`, rule) : invalid(`${path}.x-kubernetes-list-type`, listType, rule))
  }
  if (listType === 'map') errors.push(...mapErrors(schema, keys, path))
  return [...errors, ...itemErrors(schema, keys, path)]
}

function typeErrors(schema: PropsSchema, path: string): readonly FieldError[] {
  const listType = schema['x-kubernetes-list-type']
  const { type = '' } = schema
  if (listType === undefined) return []
  const rule = 'must be array if x-kubernetes-list-type is specified'
  const misplaced = type === 'array' ? setItemErrors(schema, path) : [type === '' ? required(`${path}.type`, rule) : invalid(`${path}.type`, type, rule)]
  return ['atomic', 'set', 'map'].includes(listType) ? misplaced : [...misplaced, notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map'])]
}

function setItemErrors(schema: PropsSchema, path: string): readonly FieldError[] {
  const items = itemsOf(schema)
  if (schema['x-kubernetes-list-type'] !== 'set' || !items) return []
  const [mapType, listType] = [items['x-kubernetes-map-type'], items['x-kubernetes-list-type']]
  const rule = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  // Kubernetes shows the type of a list here, too.
  if (items.type === 'object' && mapType !== 'atomic') return [invalid(`${path}.items.x-kubernetes-map-type`, listType ?? null, rule)]
  return items.type === 'array' && listType !== undefined && listType !== 'atomic' ? [invalid(`${path}.items.x-kubernetes-list-type`, listType, rule)] : []
}

function mapErrors(schema: PropsSchema, keys: readonly string[], path: string): readonly FieldError[] {
  const errors: FieldError[] = []
  const items = itemsOf(schema)
  const at = `${path}.x-kubernetes-list-map-keys`
  if (keys.length === 0) errors.push(required(at, 'must not be empty if x-kubernetes-list-type is map'))
  if (schema.items === undefined) errors.push(required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'))
  else if (!items) errors.push(invalid(`${path}.items`, printedSchema(schema)['Items'], 'must only have a single schema if x-kubernetes-list-type is map'))
  if (!items) return errors
  if (items.type !== 'object') return [...errors, invalid(`${path}.items.type`, items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map")]
  const seen = new Set<string>()
  for (const key of keys) {
    const property = items.properties?.[key]
    if (!property) errors.push(invalid(at, keys, 'entries must all be names of item properties'))
    else if (property.type === 'array' || property.type === 'object') errors.push(invalid(`${path}.items.properties[${key}].type`, items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"))
    if (seen.has(key)) errors.push(invalid(at, keys, 'must not contain duplicate entries'))
    seen.add(key)
  }
  return errors
}

/** Items that are known by what they hold must hold it. */
function itemErrors(schema: PropsSchema, keys: readonly string[], path: string): readonly FieldError[] {
  const items = itemsOf(schema)
  const listType = schema['x-kubernetes-list-type']
  if (!items || (listType !== 'set' && listType !== 'map')) return []
  const errors: FieldError[] = items.nullable ? [forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`)] : []
  if (listType === 'set') return errors
  const needed = new Set(items.required)
  for (const key of keys) {
    const property = items.properties?.[key]
    if (!property) continue
    const at = `${path}.items.properties[${key}]`
    if (!needed.has(key) && property.default === undefined) errors.push(required(`${at}.default`, 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'))
    if (property.nullable) errors.push(forbidden(`${at}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'))
  }
  return errors
}
