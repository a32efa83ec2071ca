/** What a policy or a webhook has made of an object. It is no more to be trusted than a body, and read as one. */
import { isTooDeep, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { applySchemaDefaults } from '../../../shared/model/schemas/defaults.ts'
import { decodeObject, type DecodeOptions } from '../../../shared/model/schemas/decode.ts'
import type { ResourceStore } from '../core/resources.ts'
import { typeOfKind } from '../decode/kinds.ts'

export type ReadChange =
  /** @param unknown fields that the kind has not; they are gone. */
  | { readonly kind: 'read'; readonly object: JsonObject; readonly unknown: readonly string[] }
  | { readonly kind: 'unreadable'; readonly message: string }

export function readChanged({ definition }: ResourceStore, value: Json, options: DecodeOptions = {}): ReadChange {
  // Changes may build what no body may hold.
  if (isTooDeep(value)) return { kind: 'unreadable', message: 'exceeded max depth' }
  const type = typeOfKind(definition)
  const { object, typeError, strictErrors } = decodeObject(type, value, options)
  // Of custom resources Kubernetes drops what it does not know without a word.
  return typeError === undefined ? { kind: 'read', object: applySchemaDefaults(type, object), unknown: definition.type ? [] : strictErrors } : { kind: 'unreadable', message: typeError }
}
