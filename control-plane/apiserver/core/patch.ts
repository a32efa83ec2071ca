import type { PatchType } from '../../client/port.ts'
import type { FieldValidation } from '../options/write-options.ts'
import type { At, Call } from './call.ts'
import type { CoreParts } from './parts.ts'
import { patched, type ReadPatch } from './patching.ts'
import type { ResourceStore } from './resources.ts'
import { update, type Updated } from './update.ts'

export interface PatchRequest {
  readonly store: ResourceStore
  readonly at: At
  readonly subresource: string
  readonly type: PatchType
  read(): ReadPatch
  readonly validation: FieldValidation
}

/** Patches whatever stands there; when somebody writes meanwhile, patches that. */
export async function patch(parts: CoreParts, call: Call, request: PatchRequest): Promise<Updated> {
  const { store, at, subresource, type, validation } = request
  const { definition } = store
  // Custom resources may have got another schema since, and what is stored as another kind was read as that.
  const settled = definition.custom === undefined && definition.storedAs === undefined
  const patching = { expected: definition, type, read: () => request.read(), validation, settled, warn: call.warn }
  return update(parts, call, { store, at, subresource, change: (existing) => patched(existing, patching) })
}
