/** The door of this room: read a patch, carry it out, read what came out. */
import { fieldErrorText, invalid } from '../../../shared/model/field-error.ts'
import { goJson, goPrint } from '../../../shared/model/go-text.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'
import { jsonTypeName } from '../../../shared/model/schemas/scalars.ts'
import type { Type } from '../../../shared/model/schemas/types.ts'
import { type FieldValidation, inOrder, parseJson } from '../decode/decode-body.ts'
import { duplicateKeys } from '../decode/duplicate-keys.ts'
import { jsonProblem } from '../../../shared/model/json-problem.ts'
import { badRequest } from '../decode/refused.ts'
import { applyJsonPatch } from './json-patch.ts'
import { applyMergePatch } from './merge-patch.ts'
import type { PatchOutcome, PatchRefused } from './outcome.ts'
import { applyStrategicMergePatch } from './strategic-merge.ts'

export type ClassicPatchType = 'json' | 'merge' | 'strategic'

const MAX_OPERATIONS = 10_000
const MAP = 'map[string]interface {}'

/** `strictErrors`: keys that stand twice, and fields that no operation has. */
export type ParsedPatch = { readonly kind: 'parsed'; readonly patch: Json; readonly strictErrors: readonly string[] } | PatchRefused

/** The body of a patch, and whether it is of the shape its type asks for. Who wants no field looked at meets another reader, with words of its own. */
export function parsePatch(type: ClassicPatchType, text: string, validation: FieldValidation = 'Warn'): ParsedPatch {
  const patch = parseJson(text)
  if (type === 'merge' && (patch === null || (validation === 'Ignore' && !isJsonObject(patch ?? null)))) return badRequest('Invalid JSON Patch')
  const loose = type === 'json' && validation === 'Ignore'
  const prefix = type === 'strategic' || loose ? '' : 'error decoding patch: '
  if (patch === undefined) return badRequest(`${prefix}${jsonProblem(text) ?? 'invalid JSON'}`)
  const wanted = loose ? 'jsonpatch.Patch' : type === 'json' ? '[]handlers.jsonPatchOp' : MAP
  const fits = patch === null || (type === 'json' ? Array.isArray(patch) : isJsonObject(patch))
  if (!fits) return badRequest(`${prefix}json: cannot unmarshal ${jsonTypeName(patch)} into Go value of type ${wanted}`)
  if (Array.isArray(patch) && patch.length > MAX_OPERATIONS) {
    return { kind: 'refused', code: 413, reason: 'RequestEntityTooLarge', message: `Request entity too large: The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}` }
  }
  const misfit = type === 'json' ? misshapen((patch ?? []) as readonly Json[], loose) : undefined
  if (misfit !== undefined) return badRequest(`${prefix}${misfit}`)
  return { kind: 'parsed', patch: patch ?? (type === 'json' ? [] : {}), strictErrors: strictErrorsOf(type, text, patch) }
}

const TEXTS = ['op', 'path', 'from']
const FIELDS: ReadonlySet<string> = new Set([...TEXTS, 'value'])

/** The first operation that is none, in the decoder's words. */
function misshapen(operations: readonly Json[], loose: boolean): string | undefined {
  for (const operation of operations) {
    if (operation === null) continue
    if (!isJsonObject(operation)) return `json: cannot unmarshal ${jsonTypeName(operation)} into Go value of type ${loose ? 'jsonpatch.Operation' : 'handlers.jsonPatchOp'}`
    for (const [name, value] of Object.entries(loose ? {} : operation)) {
      if (TEXTS.includes(name) && value !== null && typeof value !== 'string') return `json: cannot unmarshal ${jsonTypeName(value)} into Go struct field jsonPatchOp.${name} of type string`
    }
  }
  return undefined
}

function strictErrorsOf(type: ClassicPatchType, text: string, patch: Json): readonly string[] {
  const duplicates = duplicateKeys(text)
  if (type !== 'json') return inOrder({ text, duplicates }, [])
  const unknown = (patch === null ? [] : (patch as readonly Json[])).flatMap((operation, index) => (isJsonObject(operation) ? Object.keys(operation).filter((name) => !FIELDS.has(name)) : []).map((name) => `unknown field "[${index}].${name}"`))
  return inOrder({ text, duplicates }, unknown).map((error) => `json patch ${error}`)
}

export interface PatchRequest {
  readonly type: ClassicPatchType
  /** As {@link parsePatch} gave it. */
  readonly patch: Json
}

/** @param schema of the kind, for merge keys. */
export function applyPatch(schema: string | Type, current: JsonObject, { type, patch }: PatchRequest): PatchOutcome {
  switch (type) {
    case 'json':
      return applyJsonPatch(current, patch)
    case 'merge':
      return applyMergePatch(current, patch)
    case 'strategic':
      return applyStrategicMergePatch(schema, current, patch)
  }
}

export type DecodedPatch = { readonly kind: 'decoded'; readonly object: JsonObject; readonly warnings: readonly string[] } | PatchRefused

export interface PatchDecoding extends PatchRequest {
  readonly validation: FieldValidation
  /** What {@link parsePatch} found in the patch itself. */
  readonly strictErrors?: readonly string[] | undefined
  /** What was patched, if it was read by this schema before. */
  readonly known?: JsonObject | undefined
}

/** Reads what a patch has made. Unknown fields are dropped, or refused with `Strict`; a wrong type is a 422 that quotes the patch. */
export function decodePatched(schema: string | Type, patched: JsonObject, { type, patch, validation, strictErrors: own = [], known }: PatchDecoding): DecodedPatch {
  const strategic = type === 'strategic'
  const { object, typeError, strictErrors } = decodeObject(schema, patched, { reader: strategic ? 'unstructured' : 'json', known })
  // Kubernetes writes the patched JSON anew, with sorted keys, before it reads it.
  const complaints = [...own, ...(strategic ? strictErrors : strictErrors.toSorted())]
  const problem = typeError ?? (validation === 'Strict' && complaints.length > 0 ? `strict decoding error: ${complaints.join(', ')}` : undefined)
  if (problem !== undefined) return unreadable(strategic ? goPrint(patch) : goJson(patched), problem)
  return { kind: 'decoded', object, warnings: validation === 'Warn' ? complaints : [] }
}

/** A 422 that quotes the patch, or what it made. */
export function unreadable(quoted: string, problem: string): PatchRefused {
  const cause = invalid('patch', quoted, problem)
  return { kind: 'refused', code: 422, reason: 'Invalid', message: ` "" is invalid: ${fieldErrorText(cause)}`, causes: [cause] }
}
