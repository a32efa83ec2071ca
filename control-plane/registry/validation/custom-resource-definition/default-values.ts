/** Whether the defaults of a schema fit it. */
import { type FieldError, invalid } from '../../../../shared/model/field-error.ts'
import { isJsonObject, type Json } from '../../../../shared/model/json.ts'
import { validateEmbedded, validateTypeMeta } from '../../../../shared/model/structural/object-meta.ts'
import { hasUnknown } from '../../../../shared/model/structural/prune.ts'
import { isEmbedded, itemsOf, type PropsSchema, sortedProperties } from '../../../../shared/model/structural/schema.ts'
import { validateValue } from '../../../../shared/model/structural/validate.ts'

export function validateDefaults(schema: PropsSchema, path: string, isRoot = true): readonly FieldError[] {
  const items = itemsOf(schema)
  return [
    ...(schema.default === undefined ? [] : defaultErrors(schema, schema.default, { path: `${path}.default`, isRoot })),
    ...(items ? validateDefaults(items, `${path}.items`, false) : []),
    ...sortedProperties(schema).flatMap(([name, property]) => validateDefaults(property, `${path}.properties[${name}]`, false)),
  ]
}

function defaultErrors(schema: PropsSchema, value: Json, { path, isRoot }: { readonly path: string; readonly isRoot: boolean }): readonly FieldError[] {
  const whole = isRoot || isEmbedded(schema)
  const unknown = hasUnknown(schema, value, whole) ? [invalid(path, value, 'must not have unknown fields')] : []
  const placed = (error: FieldError): FieldError => ({ ...error, field: error.field === '<nil>' || error.field === '' ? path : `${path}.${error.field}` })
  const typeMeta = whole && isJsonObject(value) ? validateTypeMeta(value, path) : []
  const meta = [...typeMeta, ...validateEmbedded(schema, value).map(placed)]
  return [...unknown, ...(meta.length > 0 ? meta : validateValue(schema, value).map(placed))]
}
