/** What an object holds beside itself: addresses and ports of services. */
import type { JsonObject } from '../../../shared/model/json.ts'
import type { Call } from '../core/call.ts'
import type { ResourceStore } from '../core/resources.ts'

/** What became of the write: `unknown` when the storage failed while writing. */
export type Fate = 'written' | 'not-written' | 'unknown'

export interface Reservation {
  /** With what was given to it filled in. */
  readonly object: JsonObject
  /** Called once: after the write, or when there was none. What is not needed any more is given back; what may be in use is left to the repair. */
  settle(fate: Fate): Promise<void>
}

export interface Allocations {
  /** Throws an `ApiError` when what the object asks for is taken or wrong. `old` is what stands there at an update; its parts hold nothing of their own. */
  reserve(request: { readonly store: ResourceStore; readonly subresource?: string; readonly object: JsonObject; readonly old: JsonObject | undefined; readonly call: Call }): Promise<Reservation>
  /** The object is gone. */
  release(request: { readonly store: ResourceStore; readonly object: JsonObject; readonly call: Call }): Promise<void>
}
