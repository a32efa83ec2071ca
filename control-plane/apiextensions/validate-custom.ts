/** Every mistake in a custom object beyond its metadata, in Kubernetes' order. PURE. */
import type { CustomResourceSubresourceScale } from '../../shared/model/gen/api.ts'
import { type FieldError, invalid } from '../../shared/model/field-error.ts'
import { goPrint } from '../../shared/model/go-text.ts'
import { isJsonObject, isWhole, type Json, type JsonObject } from '../../shared/model/json.ts'
import { validateListTypes } from '../../shared/model/structural/list-types.ts'
import { validateEmbedded } from '../../shared/model/structural/object-meta.ts'
import type { PropsSchema } from '../../shared/model/structural/schema.ts'
import { validateValue } from '../../shared/model/structural/validate.ts'

export interface Validation {
  readonly schema: PropsSchema
  readonly scale: CustomResourceSubresourceScale | undefined
}

export interface Candidate {
  readonly object: JsonObject
  readonly old: JsonObject | undefined
  readonly subresource: string
}

/** But for the rules of the schema. */
export function validateCustom({ schema, scale }: Validation, candidate: Candidate): readonly FieldError[] {
  const { object, old } = candidate
  const before = old && validateListTypes(schema, old)
  return [
    ...schemaErrors(schema, candidate),
    ...(scale ? scaleErrors(candidate, scale) : []),
    ...(candidate.subresource === 'status' ? [] : validateEmbedded(schema, object)),
    ...(before && before.length > 0 ? [] : validateListTypes(schema, object)),
  ]
}

/** With these a rule may stumble over what is not its business. */
const BLOCKING: ReadonlySet<FieldError['type']> = new Set(['FieldValueNotSupported', 'FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany', 'FieldValueTypeInvalid'])
export const isBlocking = ({ type }: FieldError): boolean => BLOCKING.has(type)
/** Said in the place of what rules would say. */
export const UNCHECKED = invalid('<nil>', null, 'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation')

/** Through `status` only that is judged. */
function schemaErrors(schema: PropsSchema, { object, old, subresource }: Candidate): readonly FieldError[] {
  if (subresource !== 'status') return validateValue(schema, object, { before: old && { old } })
  const status = schema.properties?.['status']
  const value = object['status']
  if (!status || value === undefined) return []
  const was = old?.['status']
  return validateValue(status, value, { prefix: 'status', before: was === undefined ? undefined : { old: was } })
}

const MAX_INT32 = 2 ** 31 - 1

/** Through `status` the spec is not looked at. */
function scaleErrors({ object, subresource }: Candidate, { specReplicasPath, statusReplicasPath, labelSelectorPath }: CustomResourceSubresourceScale): readonly FieldError[] {
  const errors: FieldError[] = []
  for (const path of subresource === 'status' ? [statusReplicasPath] : [specReplicasPath, statusReplicasPath]) {
    const { value, problem } = accessed(object, path, { isRight: isWhole, wanted: 'int64' })
    if (problem !== undefined) errors.push(invalid(path, 0, problem))
    else if (isWhole(value) && value < 0) errors.push(invalid(path, value, 'should be a non-negative integer'))
    else if (isWhole(value) && value > MAX_INT32) errors.push(invalid(path, value, `should be less than or equal to ${MAX_INT32}`))
  }
  const { problem } = labelSelectorPath ? accessed(object, labelSelectorPath, { isRight: (value) => typeof value === 'string', wanted: 'string' }) : {}
  if (labelSelectorPath && problem !== undefined) errors.push(invalid(labelSelectorPath, '', problem))
  return errors
}

interface Kind {
  isRight(value: Json): boolean
  /** As Go calls it. */
  readonly wanted: string
}

/** What the path leads to, or why it leads nowhere. */
function accessed(object: JsonObject, path: string, { isRight, wanted }: Kind): { readonly value?: Json; readonly problem?: string } {
  const names = path.replace(/^\./, '').split('.')
  const wrong = (value: Json, depth: number, type: string): { readonly problem: string } => ({ problem: `.${names.slice(0, depth).join('.')} accessor error: ${goPrint(value)} is of the type ${goTypeOf(value)}, expected ${type}` })
  let here: Json = object
  for (const [depth, name] of names.entries()) {
    if (here === null) return {}
    if (!isJsonObject(here)) return wrong(here, depth + 1, 'map[string]interface{}')
    const next: Json | undefined = Object.hasOwn(here, name) ? here[name] : undefined
    if (next === undefined) return {}
    here = next
  }
  return isRight(here) ? { value: here } : wrong(here, names.length, wanted)
}

/** As Go calls the type of what was read from JSON. */
function goTypeOf(value: Json): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (isJsonObject(value)) return 'map[string]interface {}'
  return typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'bool' : isWhole(value) ? 'int64' : 'float64'
}
