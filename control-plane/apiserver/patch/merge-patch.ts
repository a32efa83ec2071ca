/** JSON Merge Patch (RFC 7386). */
import { isJsonObject, type Json, type JsonObject, ownMember, setMember } from '../../../shared/model/json.ts'
import { type PatchOutcome, rejected } from './outcome.ts'

export function applyMergePatch(current: JsonObject, patch: Json): PatchOutcome {
  const merged = merge(current, patch)
  return isJsonObject(merged) ? { kind: 'patched', object: merged } : rejected
}

function merge(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch
  const result: Record<string, Json> = isJsonObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else setMember(result, key, merge(ownMember(result, key), value))
  }
  return result
}
