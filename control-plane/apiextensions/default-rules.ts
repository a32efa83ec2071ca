/** Defaults of a schema keep its rules. */
import type { FieldError } from '../../shared/model/field-error.ts'
import { isEmbedded, itemsOf, type PropsSchema, sortedProperties } from '../../shared/model/structural/schema.ts'
import type { PlacedSchema } from '../registry/validation/custom-resource-definition/hoisted.ts'
import { brokenRules } from './compile-rules.ts'

/** Asked once the rules themselves are sound. */
export const defaultRuleErrors = ({ schema, path }: PlacedSchema): Generator<void, readonly FieldError[]> => walk(schema, path, true)

function* walk(schema: PropsSchema, path: string, isRoot: boolean): Generator<void, readonly FieldError[]> {
  const errors: FieldError[] = []
  const items = itemsOf(schema)
  if (schema.default !== undefined && schema.default !== null) for (const error of yield* brokenRules(schema, schema.default, isRoot || isEmbedded(schema))) errors.push(placed(error, `${path}.default`))
  if (items) errors.push(...(yield* walk(items, `${path}.items`, false)))
  for (const [name, property] of sortedProperties(schema)) errors.push(...(yield* walk(property, `${path}.properties[${name}]`, false)))
  return errors
}

function placed(error: FieldError, path: string): FieldError {
  const { field } = error
  return { ...error, field: field === '<nil>' ? path : field.startsWith('[') ? `${path}${field}` : `${path}.${field}` }
}
