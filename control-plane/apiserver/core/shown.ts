/** What is stored, in the shape of the kind that was asked for: there at once, but where somebody else is to be asked. */
import type { JsonObject } from '../../../shared/model/json.ts'
import type { CachedObject, CacheEvent } from '../../storage/watch-cache-port.ts'
import type { ResourceStore } from './resources.ts'

export type Awaitable<T> = T | Promise<T>

/** Shows objects in another version. Throws the ApiError that is the answer if it cannot. */
export type Convert = (objects: readonly JsonObject[], apiVersion: string, signal: AbortSignal) => Promise<readonly JsonObject[]>

/** Of a resource whose objects somebody else shows. Both throw the ApiError that is the answer if he does not. */
export interface Shows {
  /** As he shows it now: for reads of one object, and for what is written of it. */
  one(item: CachedObject, signal: AbortSignal): Promise<CachedObject>
  /** As he shows them, or did a moment ago: for lists and watches, which many have in common. */
  all(items: readonly CachedObject[], signal: AbortSignal): Promise<readonly CachedObject[]>
}

/** One object that is to be read, or changed. */
export const shown = ({ show }: ResourceStore, item: CachedObject | undefined, signal: AbortSignal): Awaitable<CachedObject | undefined> => (item && show ? show.one(item, signal) : item)

/** Objects that are to be listed; the very same array where nobody is to be asked. */
export const shownAll = ({ show }: ResourceStore, items: readonly CachedObject[], signal: AbortSignal): Awaitable<readonly CachedObject[]> => (show ? show.all(items, signal) : items)

/** Changes that are to be told. What was there before is left out where nobody looks at it. */
export async function shownEvents(show: Shows, events: readonly CacheEvent[], { withPrevious, signal }: { readonly withPrevious: boolean; readonly signal: AbortSignal }): Promise<readonly CacheEvent[]> {
  const wanted = events.flatMap(({ item, previous }) => (withPrevious && previous ? [item, previous] : [item]))
  const all = (await show.all(wanted, signal)).values()
  const next = (otherwise: CachedObject): CachedObject => all.next().value ?? otherwise
  return events.map(({ type, item, previous }) => ({ type, item: next(item), ...(withPrevious && previous && { previous: next(previous) }) }))
}
