/** Bodies of requests as objects, or the refusal they deserve. */
import { ApiError } from '../../../shared/kit/api-error.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { applySchemaDefaults } from '../../../shared/model/schemas/defaults.ts'
import { decodeBody, decodeOptions, type DecodedBody, type FieldValidation } from '../decode/decode-body.ts'
import { checkKind } from '../core/custom-kind.ts'
import { typeOfKind, type ExpectedKind } from '../decode/kinds.ts'
import { bodyMedia, unsupportedBody } from '../decode/media.ts'
import type { Refused } from '../decode/refused.ts'
import type { ApiRequest } from '../request.ts'

/** Throws a 415 for a body in a media type that nobody reads. */
export function checkMedia({ headers }: WithBody): void {
  if (bodyMedia(headers['content-type']) === undefined) throw refusal(unsupportedBody)
}

type WithBody = Pick<ApiRequest, 'body' | 'headers'>

export interface Reading {
  readonly expected: ExpectedKind
  readonly validation: FieldValidation
  warn(message: string): void
}

/** The object of a create or an update, decoded and defaulted by its schema. Throws a 400, 413 or 415. */
export function readBody(request: WithBody, { expected, validation, warn }: Reading): JsonObject {
  const decoded = decodeBody(bytesOf(request), expected, { validation })
  for (const warning of decoded.warnings ?? []) warn(warning)
  const object = objectOf(decoded)
  checkKind(expected, object)
  return applySchemaDefaults(typeOfKind(expected), object)
}

const deleteOptionsKind: ExpectedKind = { group: 'meta.k8s.io', version: 'v1', kind: 'DeleteOptions', schema: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions' }

/** Options of a delete, in whatever version. Throws a 400 or a 415. */
export const readDeleteBody = (request: WithBody): JsonObject => objectOf(decodeOptions(bytesOf(request), deleteOptionsKind))

const bytesOf = ({ body, headers }: WithBody): { readonly bytes: Uint8Array; readonly contentType: string | undefined } => ({ bytes: body, contentType: headers['content-type'] })

function objectOf(decoded: DecodedBody): JsonObject {
  if (decoded.kind === 'refused') throw refusal(decoded)
  return decoded.object
}

/** A refusal that is data, as an answer. */
export function refusal({ code, reason, message }: Refused): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, ...(reason !== undefined && { reason }), code })
}
