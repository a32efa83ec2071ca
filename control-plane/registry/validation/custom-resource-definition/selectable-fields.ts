import type { SelectableField } from '../../../../shared/model/gen/api.ts'
import { duplicate, type FieldError, invalid, required, tooMany } from '../../../../shared/model/field-error.ts'
import { type PropsSchema, valuesOf } from '../../../../shared/model/structural/schema.ts'

const MAX = 8
const SCALARS = ['string', 'boolean', 'integer']

/** @param schema absent: what the paths lead to cannot be told. */
export function validateSelectableFields(fields: readonly SelectableField[] | undefined, schema: PropsSchema | undefined, path: string): readonly FieldError[] {
  const seen = new Set<string>()
  const errors = (fields ?? []).flatMap(({ jsonPath }, index): readonly FieldError[] => {
    const at = `${path}[${index}].jsonPath`
    if (jsonPath === '') return [required(at)]
    const problem = schema && pathProblem(jsonPath, schema)
    if (problem !== undefined) return [invalid(at, jsonPath, problem)]
    const again = seen.has(jsonPath)
    seen.add(jsonPath)
    return again ? [duplicate(at, jsonPath)] : []
  })
  return fields && fields.length > MAX ? [...errors, tooMany(path, fields.length, MAX)] : errors
}

function pathProblem(text: string, schema: PropsSchema): string | undefined {
  const bad = (why: string): string => `is an invalid path: ${why}`
  if (!/^[.[]/.test(text)) return bad(`expected [ or . but got: ${/^[^.[]+/.exec(text)?.[0] ?? ''}`)
  if (text.includes('[')) return bad('array notation is not allowed')
  const names = text.slice(1).split('.')
  if (names[0] === 'metadata') return bad('does not refer to a valid field')
  let here: PropsSchema | undefined = schema
  for (const name of names) here = here && (Object.hasOwn(here.properties ?? {}, name) ? here.properties?.[name] : valuesOf(here))
  if (!here) return bad('does not refer to a valid field')
  return SCALARS.includes(here.type ?? '') ? undefined : 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'
}
