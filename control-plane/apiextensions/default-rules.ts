/** Defaults of a schema keep its rules. */
import type { FieldError } from '../../shared/model/field-error.ts'
import { isEmbedded, itemsOf, type PropsSchema, sortedProperties } from '../../shared/model/structural/schema.ts'
import type { PlacedSchema } from '../registry/validation/custom-resource-definition/hoisted.ts'
import { brokenRules } from './compile-rules.ts'

/** Asked once the rules themselves are sound. */
export const defaultRuleErrors = ({ schema, path }: PlacedSchema): readonly FieldError[] => walk(schema, path, true)

function walk(schema: PropsSchema, path: string, isRoot: boolean): readonly FieldError[] {
  const items = itemsOf(schema)
  return [
    ...(schema.default === undefined || schema.default === null ? [] : brokenRules(schema, schema.default, isRoot || isEmbedded(schema)).map((error) => placed(error, `${path}.default`))),
    ...(items ? walk(items, `${path}.items`, false) : []),
    ...sortedProperties(schema).flatMap(([name, property]) => walk(property, `${path}.properties[${name}]`, false)),
  ]
}

function placed(error: FieldError, path: string): FieldError {
  const { field } = error
  return { ...error, field: field === '<nil>' ? path : field.startsWith('[') ? `${path}${field}` : `${path}.${field}` }
}
