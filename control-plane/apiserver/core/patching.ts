/** The three classic patch types on an object of a known schema, with their refusals as answers. */
import { ApiError } from '../../../shared/kit/api-error.ts'
import { isTooDeep, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { applySchemaDefaults } from '../../../shared/model/schemas/defaults.ts'
import type { PatchType } from '../../client/port.ts'
import { goJson } from '../../../shared/model/go-text.ts'
import { givenKind, typeOfKind, wrongKind, type ExpectedKind } from '../decode/kinds.ts'
import type { FieldValidation } from '../options/write-options.ts'
import type { PatchRefused } from '../patch/outcome.ts'
import { applyPatch, decodePatched, parsePatch, unreadable } from '../patch/patch.ts'
import { badRequest, invalid } from '../status.ts'
import { checkKind } from './custom-kind.ts'

export interface Patching {
  readonly expected: ExpectedKind
  readonly type: PatchType
  /** By {@link readPatch}: only when there is something to patch. */
  read(): ReadPatch
  readonly validation: FieldValidation
  /** Whether what is patched was read by this very schema when it was written: what a patch leaves as it is needs no reading then. */
  readonly settled?: boolean | undefined
  warn(message: string): void
}

export interface ReadPatch {
  readonly patch: Json
  /** What strict validation holds against the patch itself. */
  readonly strictErrors: readonly string[]
}

/** The body of a patch as JSON of the shape its type asks for. Throws a 400 or a 413. */
export function readPatch(type: PatchType, bytes: Uint8Array, validation: FieldValidation): ReadPatch {
  const parsed = parsePatch(type, new TextDecoder().decode(bytes), validation)
  if (parsed.kind === 'refused') throw refusal(parsed)
  return parsed
}

/** Kubernetes does not say whose patch it was. */
const NOBODY = { group: '', name: '' } as const

/** The patched object, decoded and defaulted. Throws what a refused patch deserves. */
export function patched(current: JsonObject, { expected, type, read, validation, settled, warn }: Patching): JsonObject {
  const { patch, strictErrors } = read()
  const schema = typeOfKind(expected)
  const outcome = applyPatch(schema, current, { type, patch })
  if (outcome.kind === 'refused') throw refusal(outcome)
  // Such patches may build what no body may hold; the others cannot nest anything deeper than it was in the object or in the patch.
  if (type === 'json' && isTooDeep(outcome.object)) throw badRequest('exceeded max depth')
  if (type !== 'strategic' && !expected.type) checkSaidKind(expected, outcome.object)
  const decoded = decodePatched(schema, outcome.object, { type, patch, validation, strictErrors, known: settled === true ? current : undefined })
  if (decoded.kind === 'refused') throw refusal(decoded)
  for (const warning of decoded.warnings) warn(warning)
  checkKind(expected, decoded.object)
  return applySchemaDefaults(schema, decoded.object)
}

/** A built-in object may be patched into another version of its group, but into nothing else. Throws a 422. */
function checkSaidKind(expected: ExpectedKind, object: JsonObject): void {
  const { apiVersion = '', kind = '' } = object
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return
  const given = givenKind({ apiVersion, kind }, expected)
  const problem = given ? wrongKind(given, expected) : `unexpected GroupVersion string: ${apiVersion}`
  if (problem !== undefined) throw refusal(unreadable(goJson(object), problem))
}

/** A refusal that is data, as an answer; a rejected patch names nothing in its details. */
function refusal({ code, reason, message, causes }: PatchRefused): ApiError {
  if (causes) return invalid(NOBODY, '', causes)
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, ...(reason !== undefined && { reason }), ...(code === 422 && { details: {} }), code })
}
