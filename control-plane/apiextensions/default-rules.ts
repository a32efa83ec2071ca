/** Defaults of a schema keep its rules. */
import type { FieldError } from '../../shared/model/field-error.ts'
import { isEmbedded, itemsOf, type PropsSchema, sortedProperties } from '../../shared/model/structural/schema.ts'
import type { PlacedSchema } from '../registry/validation/custom-resource-definition/hoisted.ts'
import { brokenRules } from './compile-rules.ts'

/** @param wrong what else is wrong with defaults: the rules of those are not asked. */
export const defaultRuleErrors = ({ schema, path }: PlacedSchema, wrong: readonly FieldError[] = []): Generator<void, readonly FieldError[]> => walk({ schema, path, isRoot: true, wrong })

interface Place {
  readonly schema: PropsSchema
  readonly path: string
  readonly isRoot: boolean
  readonly wrong: readonly FieldError[]
}

function* walk({ schema, path, isRoot, wrong }: Place): Generator<void, readonly FieldError[]> {
  const errors: FieldError[] = []
  const items = itemsOf(schema)
  const asked = schema.default !== undefined && schema.default !== null && !wrong.some(({ field }) => field.startsWith(`${path}.default`))
  if (asked) for (const error of yield* brokenRules(schema, schema.default, isRoot || isEmbedded(schema))) errors.push(placed(error, `${path}.default`))
  if (items) errors.push(...(yield* walk({ schema: items, path: `${path}.items`, isRoot: false, wrong })))
  for (const [name, property] of sortedProperties(schema)) errors.push(...(yield* walk({ schema: property, path: `${path}.properties[${name}]`, isRoot: false, wrong })))
  return errors
}

function placed(error: FieldError, path: string): FieldError {
  const { field } = error
  return { ...error, field: field === '<nil>' ? path : field.startsWith('[') ? `${path}${field}` : `${path}.${field}` }
}
