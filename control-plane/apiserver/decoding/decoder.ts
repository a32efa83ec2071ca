/** Bodies of requests as objects: media type, syntax, kind, types and unknown fields. */
import type { Json, JsonObject } from '../../../shared/model/json.ts'
import type { PatchType } from '../../client/port.ts'
import type { FieldValidation } from '../options/write-options.ts'
import type { ApiRequest } from '../request.ts'

/** The type a body is expected to have. */
export interface ExpectedKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Its entry in the schemas. */
  readonly schema: string
}

export interface Decoding {
  readonly expected: ExpectedKind
  readonly validation: FieldValidation
  warn(message: string): void
}

export interface Decoder {
  /** The body, decoded and defaulted by the schema. Throws an `ApiError` (400, 413, 415). */
  body(request: Pick<ApiRequest, 'body' | 'headers'>, decoding: Decoding): JsonObject
  /** A body of DeleteOptions, in whatever group it says it is. Throws a 400 or a 415. */
  deleteOptions(request: Pick<ApiRequest, 'body' | 'headers'>): JsonObject
  /** A body of a patch. Throws a 400. */
  patchBody(request: Pick<ApiRequest, 'body'>, type: PatchType): Json
  /** A JSON value that was made by a patch, decoded in the same way. `Strict` throws a 422. */
  patched(value: JsonObject, decoding: Decoding & { readonly name: string }): JsonObject
}
