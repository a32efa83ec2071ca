/** The three classic patch types on an object of a known schema, with their refusals as answers. */
import { ApiError } from '../../../shared/kit/api-error.ts'
import { isTooDeep, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { applySchemaDefaults } from '../../../shared/model/schemas/defaults.ts'
import type { PatchType } from '../../client/port.ts'
import { typeOfKind, type ExpectedKind } from '../decode/kinds.ts'
import type { FieldValidation } from '../options/write-options.ts'
import type { PatchRefused } from '../patch/outcome.ts'
import { applyPatch, decodePatched, parsePatch } from '../patch/patch.ts'
import { badRequest, invalid } from '../status.ts'
import { checkKind } from './custom-kind.ts'

export interface Patching {
  readonly expected: ExpectedKind
  readonly type: PatchType
  /** As {@link readPatch} gave it. */
  readonly patch: Json
  readonly validation: FieldValidation
  /** Whether what is patched was read by this very schema when it was written: what a patch leaves as it is needs no reading then. */
  readonly settled?: boolean | undefined
  warn(message: string): void
}

/** The body of a patch as JSON of the shape its type asks for. Throws a 400 or a 413. */
export function readPatch(type: PatchType, bytes: Uint8Array): Json {
  const parsed = parsePatch(type, new TextDecoder().decode(bytes))
  if (parsed.kind === 'refused') throw refusal(parsed)
  return parsed.patch
}

/** Kubernetes does not say whose patch it was. */
const NOBODY = { group: '', name: '' } as const

/** The patched object, decoded and defaulted. Throws what a refused patch deserves. */
export function patched(current: JsonObject, { expected, type, patch, validation, settled, warn }: Patching): JsonObject {
  const schema = typeOfKind(expected)
  const outcome = applyPatch(schema, current, { type, patch })
  if (outcome.kind === 'refused') throw refusal(outcome)
  // Such patches may build what no body may hold; the others cannot nest anything deeper than it was in the object or in the patch.
  if (type === 'json' && isTooDeep(outcome.object)) throw badRequest('exceeded max depth')
  const decoded = decodePatched(schema, outcome.object, { type, patch, validation, known: settled === true ? current : undefined })
  if (decoded.kind === 'refused') throw decoded.causes ? invalid(NOBODY, '', decoded.causes) : refusal(decoded)
  for (const warning of decoded.warnings) warn(warning)
  checkKind(expected, decoded.object)
  return applySchemaDefaults(schema, decoded.object)
}

/** A refusal that is data, as an answer; a rejected patch names nothing in its details. */
function refusal({ code, reason, message }: PatchRefused): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, ...(reason !== undefined && { reason }), ...(code === 422 && { details: {} }), code })
}
