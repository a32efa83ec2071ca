/** Every mistake in a custom object beyond its metadata, in Kubernetes' order. PURE. */
import type { CustomResourceSubresourceScale } from '../../shared/model/gen/api.ts'
import { type FieldError, invalid } from '../../shared/model/field-error.ts'
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
    ...(scale ? scaleErrors(object, scale) : []),
    ...validateEmbedded(schema, object),
    ...(before && before.length > 0 ? [] : validateListTypes(schema, object)),
  ]
}

/** With these a rule may stumble over what is not its business. */
const BLOCKING: ReadonlySet<FieldError['type']> = new Set(['FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany', 'FieldValueTypeInvalid'])
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

function scaleErrors(object: JsonObject, { specReplicasPath, statusReplicasPath, labelSelectorPath }: CustomResourceSubresourceScale): readonly FieldError[] {
  const errors: FieldError[] = []
  for (const path of [specReplicasPath, statusReplicasPath]) {
    const value = at(object, path)
    if (value === undefined) continue
    if (!isWhole(value)) errors.push(invalid(path, 0, `${path} accessor error: ${JSON.stringify(value)} is of the type ${typeof value}, expected int64`))
    else if (value < 0) errors.push(invalid(path, value, 'should be a non-negative integer'))
    else if (value > MAX_INT32) errors.push(invalid(path, value, `should be less than or equal to ${MAX_INT32}`))
  }
  const selector = labelSelectorPath ? at(object, labelSelectorPath) : undefined
  if (labelSelectorPath && selector !== undefined && typeof selector !== 'string') errors.push(invalid(labelSelectorPath, '', `${labelSelectorPath} accessor error: ${JSON.stringify(selector)} is of the type ${typeof selector}, expected string`))
  return errors
}

function at(object: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = object
  for (const name of path.replace(/^\./, '').split('.')) value = isJsonObject(value) ? value[name] : undefined
  return value
}
