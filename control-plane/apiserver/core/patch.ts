import type { Json, JsonObject } from '../../../shared/model/json.ts'
import type { PatchType } from '../../client/port.ts'
import type { At, Call } from './call.ts'
import type { CoreParts } from './parts.ts'
import { applyPatch } from './patching.ts'
import type { ResourceStore } from './resources.ts'
import { update, type Updated } from './update.ts'

export interface PatchRequest {
  readonly store: ResourceStore
  readonly at: At
  readonly subresource: string
  readonly type: PatchType
  readonly patch: Json
  /** Checks and defaults what the patch has made. */
  decode(patched: JsonObject): JsonObject
}

/** Patches whatever stands there; when somebody writes meanwhile, patches that. */
export async function patch(parts: CoreParts, call: Call, request: PatchRequest): Promise<Updated> {
  const { store, at, subresource, type } = request
  const { schema } = store.definition
  return update(parts, call, { store, at, subresource, change: (existing) => request.decode(applyPatch(existing, { type, patch: request.patch, schema })) })
}
