/** Objects that did not come in as a body: what a patch has made, what a client in this process wrote. */
import { invalid as invalidField } from '../../../shared/model/field-error.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { applySchemaDefaults } from '../../../shared/model/schemas/defaults.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'
import type { ExpectedKind } from '../decode/kinds.ts'
import type { FieldValidation } from '../options/write-options.ts'
import { badRequest, invalid } from '../status.ts'

/** Empty members dropped, values in their normal form, defaults of the schema filled in. Throws a 400. */
export function normalized(expected: ExpectedKind, value: JsonObject): JsonObject {
  const { object, typeError } = decodeObject(expected.schema, value)
  if (typeError !== undefined) throw badRequest(typeError)
  return applySchemaDefaults(expected.schema, object)
}

export interface Patched {
  readonly expected: ExpectedKind
  readonly name: string
  readonly validation: FieldValidation
  /** A strategic merge is read by another reader than a body, with other words. */
  readonly reader: 'json' | 'unstructured'
  warn(message: string): void
}

/** The same for the result of a patch. Throws a 422. */
export function normalizedPatch(value: JsonObject, { expected, name, validation, reader, warn }: Patched): JsonObject {
  const { object, typeError, strictErrors } = decodeObject(expected.schema, value, { reader })
  const refuse = (message: string): Error => invalid({ group: expected.group, name: expected.kind }, name, [invalidField('patch', value, message)])
  if (typeError !== undefined) throw refuse(typeError)
  if (strictErrors.length > 0 && validation === 'Strict') throw refuse(`strict decoding error: ${strictErrors.join(', ')}`)
  if (validation === 'Warn') for (const error of strictErrors) warn(error)
  return applySchemaDefaults(expected.schema, object)
}
