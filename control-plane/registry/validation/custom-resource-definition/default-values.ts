/** Whether the defaults of a schema fit it. */
import { type FieldError, fieldErrorsText, invalid } from '../../../../shared/model/field-error.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../../shared/model/json.ts'
import { readMeta, validateEmbedded, validateWholeMeta } from '../../../../shared/model/structural/object-meta.ts'
import { hasUnknown } from '../../../../shared/model/structural/prune.ts'
import { isEmbedded, itemsOf, META_FIELDS, type PropsSchema, sortedProperties } from '../../../../shared/model/structural/schema.ts'
import { validateValue } from '../../../../shared/model/structural/validate.ts'

interface Place {
  readonly path: string
  /** A whole object, with metadata of its own. */
  readonly isWhole: boolean
  /** Inside of metadata: the whole object around the value. */
  around?(value: Json): JsonObject
}

export const validateDefaults = (schema: PropsSchema, path: string): readonly FieldError[] => defaultsBelow(schema, { path, isWhole: true })

function defaultsBelow(schema: PropsSchema, place: Place): readonly FieldError[] {
  const { path, isWhole, around } = place
  const items = itemsOf(schema)
  const inner = (one: PropsSchema, at: string, within: Place['around']): readonly FieldError[] => {
    const whole = isEmbedded(one)
    return defaultsBelow(one, { path: at, isWhole: whole, ...(within && !whole && { around: within }) })
  }
  return [
    ...(schema.default === undefined ? [] : defaultErrors(schema, schema.default, { ...place, path: `${path}.default` })),
    ...(items ? inner(items, `${path}.items`, around && ((value) => around([value]))) : []),
    ...sortedProperties(schema).flatMap(([name, property]) => inner(property, `${path}.properties[${name}]`, isWhole ? wholeAround(name) : around && ((value) => around({ [name]: value })))),
  ]
}

/** An object that is like any other but for its metadata. */
const wholeAround = (name: string): Place['around'] => (META_FIELDS.has(name) ? (value) => ({ apiVersion: 'validation/v1', kind: 'Validation', [name]: value }) : undefined)

function defaultErrors(schema: PropsSchema, value: Json, { path, isWhole, around }: Place): readonly FieldError[] {
  const placed = (error: FieldError): FieldError => ({ ...error, field: error.field === '<nil>' || error.field === '' ? path : `${path}.${error.field}` })
  const fitting = (meta: readonly FieldError[]): readonly FieldError[] => (meta.length > 0 ? meta : validateValue(schema, value).map(placed))
  if (around) {
    const problem = metaProblem(around(value))
    return fitting(problem === undefined ? [] : [invalid(path, value, `must result in valid metadata: ${problem}`)])
  }
  const unknown = hasUnknown(schema, value, isWhole) ? [invalid(path, value, 'must not have unknown fields')] : []
  const own = isWhole && isJsonObject(value) ? validateWholeMeta(value, path) : []
  return [...unknown, ...fitting([...own, ...validateEmbedded(schema, value).map(placed)])]
}

function metaProblem(object: JsonObject): string | undefined {
  const { metadata } = object
  const typeError = metadata === undefined ? undefined : readMeta(metadata).typeError
  const errors = typeError === undefined ? validateWholeMeta(object, '') : [invalid('metadata', metadata, typeError)]
  return errors.length === 0 ? undefined : fieldErrorsText(errors)
}
