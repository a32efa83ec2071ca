/** Objects that did not come in as a body: what a client in this process wrote. */
import type { JsonObject } from '../../../shared/model/json.ts'
import { applySchemaDefaults } from '../../../shared/model/schemas/defaults.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'
import { typeOfKind, type ExpectedKind } from '../decode/kinds.ts'
import { badRequest } from '../status.ts'

/** Empty members dropped, values in their normal form, defaults of the schema filled in. Throws a 400. */
export function normalized(expected: ExpectedKind, value: JsonObject): JsonObject {
  const { object, typeError } = decodeObject(typeOfKind(expected), value)
  if (typeError !== undefined) throw badRequest(typeError)
  return applySchemaDefaults(typeOfKind(expected), object)
}
