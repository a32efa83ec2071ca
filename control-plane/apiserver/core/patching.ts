/** The three classic patch types on plain JSON, and what Kubernetes says when one cannot be carried out. */
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import type { PatchType } from '../../client/port.ts'
import { rejectedPatch } from '../status.ts'

export interface PatchInput {
  readonly type: PatchType
  readonly patch: Json
  /** Entry in the schemas, for merge keys. */
  readonly schema: string
}

/** The patched object. Throws an `ApiError`. */
export function applyPatch(target: JsonObject, { type, patch }: PatchInput): JsonObject {
  if (type === 'json') throw rejectedPatch()
  const merged = merge(target, patch)
  if (!isJsonObject(merged)) throw rejectedPatch()
  return merged
}

function merge(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch
  const result: Record<string, Json> = isJsonObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}
