/** `metadata.managedFields` of a write that is not a server-side apply. */
import type { JsonObject } from '../../../shared/model/json.ts'
import type { ExpectedKind } from '../decode/kinds.ts'
import { updateManagedFields } from '../field-manager/update.ts'
import type { Call } from './call.ts'
import type { CoreParts } from './parts.ts'
import { apiVersionOf, type ResourceStore } from './resources.ts'

export interface ManagedChange {
  /** What stands there; `undefined` at create. */
  readonly live: JsonObject | undefined
  readonly changed: JsonObject
  readonly subresource: string
}

/** The changed object with its managed fields brought up to date in the name of the caller. */
export function withManagedFields(parts: CoreParts, call: Call, { store, change, kind }: { readonly store: ResourceStore; readonly change: ManagedChange; readonly kind?: ExpectedKind | undefined }): JsonObject {
  const of = kind ?? store.definition
  return updateManagedFields({ ...change, schema: of.schema, kind: of.kind, manager: call.manager, apiVersion: apiVersionOf(of.group, of.version), nowMs: parts.clock.nowMs() })
}
