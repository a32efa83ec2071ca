/** Watches: what is there now, if asked for, then every change, each once and in order, as the selectors let them through. */
import type { Status } from '../../../shared/model/gen/api.ts'
import { isApiError, type ApiError } from '../../../shared/kit/api-error.ts'
import { isFault } from '../../../shared/kit/faults.ts'
import { randomInt } from '../../../shared/kit/random.ts'
import type { ListOptions } from '../options/list-options.ts'
import { selectionOf, type Selection } from '../selectors/selection.ts'
import { gone } from '../status.ts'
import type { Revision } from '../../storage/port.ts'
import { ProgressRequests } from '../../storage/progress.ts'
import type { CachedObject, CacheEvent } from '../../storage/watch-cache-port.ts'
import type { Call } from './call.ts'
import { parseRevision, waitUntilFresh } from './freshness.ts'
import type { CoreParts } from './parts.ts'
import { prefixOf, type ResourceStore } from './resources.ts'
import { shownAll, shownEvents } from './shown.ts'
import { itemOf, withoutRevision } from './stored.ts'

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly item: CachedObject }
  | { readonly type: 'BOOKMARK'; readonly revision: Revision; readonly initialEventsEnd: boolean }
  | { readonly type: 'ERROR'; readonly status: Status }

export interface WatchRequest {
  readonly store: ResourceStore
  readonly namespace: string
  readonly options: ListOptions
  /** Only this object (the deprecated watch paths). */
  readonly name?: string | undefined
  /** How often a watch that wants bookmarks gets one when nothing happens; a minute if left out. */
  readonly bookmarkMs?: number | undefined
  /** By which the reader asks how far the watch has come. */
  readonly progress?: ProgressRequests | undefined
}

const MINUTE_MS = 60_000
/** A last bookmark comes this long before the end. */
const BEFORE_END_MS = 2000
const SHORTEST_SECONDS = 1800

/**
 * Events that belong together come as one batch. Everything that can be refused is refused before the first batch (so the answer's
 * status can still be chosen); what goes wrong later is an ERROR event, then the end.
 */
export async function watch(parts: CoreParts, call: Call, request: WatchRequest): Promise<AsyncIterable<readonly WatchEvent[]>> {
  const { store, options } = request
  const selection = nameSelection(selectionOf(store.definition, options), request.name)
  const revision = parseRevision(options.resourceVersion)
  const initial = wantsInitialEvents(options, revision)
  const fromNow = initial || revision === undefined || revision === 0
  const floor = initial && (revision ?? 0) > 0 ? revision : revision === 0 ? 0 : undefined
  try {
    // Whoever goes on from somewhere is answered at once: what he has not seen may take its time.
    if (fromNow) await waitUntilFresh(parts, store, { revision: floor, signal: call.signal })
    else await store.cache.whenReady(call.signal)
  } catch (error) {
    if (!isApiError(error)) throw error
    return onlyError(error)
  }
  // Taken now, whenever the first event is asked for: what happens from here on is an event.
  const start = fromNow ? store.cache.revision : (revision ?? 0)
  const existing = initial ? (await shownAll(store, store.cache.list(prefixOf(store, request.namespace)), call.signal)).filter((item) => selection.matches(item.object)) : undefined
  return events(parts, call, { request, selection, existing, start })
}

async function* onlyError({ status }: ApiError): AsyncGenerator<readonly WatchEvent[]> {
  yield [{ type: 'ERROR', status }]
}

function wantsInitialEvents(options: ListOptions, revision: Revision | undefined): boolean {
  if (options.sendInitialEvents !== undefined) return options.sendInitialEvents
  return revision === undefined || revision === 0
}

function nameSelection(selection: Selection, name: string | undefined): Selection {
  if (name === undefined) return selection
  const hasName = (object: CachedObject['object']): boolean => (object['metadata'] as { readonly name?: string } | undefined)?.name === name
  return { everything: false, matches: (object) => hasName(object) && selection.matches(object) }
}

interface Opened {
  readonly request: WatchRequest
  readonly selection: Selection
  /** What was there at `start`, if that is to be told. */
  readonly existing: readonly CachedObject[] | undefined
  readonly start: Revision
}

async function* events(parts: CoreParts, call: Call, { request, selection, existing, start }: Opened): AsyncGenerator<readonly WatchEvent[]> {
  const { store, namespace, options } = request
  const prefix = prefixOf(store, namespace)
  const bookmarks = options.allowWatchBookmarks === true
  const end = endOf(parts, call, options)
  const { progress = new ProgressRequests() } = request
  const pace = bookmarks ? bookmarkPace(parts, request, { end, progress }) : never
  try {
    if (existing) {
      const first: WatchEvent[] = existing.map((item) => ({ type: 'ADDED', item }))
      if (bookmarks) first.push({ type: 'BOOKMARK', revision: start, initialEventsEnd: true })
      if (first.length > 0) yield first
    }
    await waitUntilFresh(parts, store, { revision: start, signal: end.signal })
    for await (const batch of store.cache.watch(prefix, { after: start, signal: end.signal, progress })) {
      const seen = store.show ? await shownEvents(store.show, batch.events, { withPrevious: !selection.everything, signal: end.signal }) : batch.events
      const changes = changesThrough(selection, seen)
      const told = pace.isDue(changes.length === 0) ? [...changes, { type: 'BOOKMARK', revision: batch.revision, initialEventsEnd: false } as const] : changes
      if (told.length > 0) yield told
    }
  } catch (error) {
    if (end.signal.aborted) return
    if (isApiError(error)) return yield* onlyError(error)
    if (!isFault(error, 'gone')) throw error
    yield [{ type: 'ERROR', status: gone(`too old resource version: ${start} (${store.cache.revision})`).status }]
  } finally {
    pace.cancel()
    end.cancel()
  }
}

const seenThrough = new WeakMap<Selection, WeakMap<readonly CacheEvent[], readonly WatchEvent[]>>()

/** Watches that look at the same through the same selection get the very same answer. */
function changesThrough(selection: Selection, events: readonly CacheEvent[]): readonly WatchEvent[] {
  let known = seenThrough.get(selection)
  if (!known) seenThrough.set(selection, (known = new WeakMap()))
  const seen = known.get(events) ?? events.flatMap((event) => selected(event, selection))
  known.set(events, seen)
  return seen
}

/** What a change looks like through the selectors: an object that comes into view is added, one that leaves it is deleted in its old state. */
function selected(event: CacheEvent, selection: Selection): readonly WatchEvent[] {
  const { type, item, previous } = event
  if (selection.everything) return [{ type, item }]
  const before = previous !== undefined && selection.matches(previous.object)
  if (type === 'DELETED') return before ? [{ type, item }] : []
  const now = selection.matches(item.object)
  if (now) return [{ type: before ? 'MODIFIED' : 'ADDED', item }]
  return before && previous ? [{ type: 'DELETED', item: itemOf(item.key, item.revision, withoutRevision(previous)) }] : []
}

interface End {
  readonly signal: AbortSignal
  readonly timeoutMs: number
  cancel(): void
}

/** A watch ends when the client leaves, or after the time it asked for (30 to 60 minutes if it named none). */
function endOf(parts: CoreParts, call: Call, options: ListOptions): End {
  const seconds = options.timeoutSeconds !== undefined && options.timeoutSeconds > 0 ? options.timeoutSeconds : SHORTEST_SECONDS + randomInt(parts.random, SHORTEST_SECONDS)
  const limit = new AbortController()
  const cancelTimer = parts.clock.after(seconds * 1000, () => limit.abort())
  return { signal: AbortSignal.any([call.signal, limit.signal]), timeoutMs: seconds * 1000, cancel: cancelTimer }
}

interface Pace {
  /** Whether a bookmark is to be told now; asked when a batch has come. */
  isDue(isEmpty: boolean): boolean
  cancel(): void
}

const never: Pace = { isDue: () => false, cancel: () => {} }
/** For those of this process, which hear of each sign of life of the cache. */
const whenNothingElse: Pace = { isDue: (isEmpty) => isEmpty, cancel: () => {} }

/** When one is due the cache catches up with everything that was written meanwhile elsewhere: a watch resumed at the bookmark need not go far back. */
function bookmarkPace(parts: CoreParts, { store, bookmarkMs = MINUTE_MS }: WatchRequest, { end, progress }: { readonly end: End; readonly progress: ProgressRequests }): Pace {
  if (bookmarkMs === 0) return whenNothingElse
  const lastAt = parts.clock.monotonicMs() + end.timeoutMs - BEFORE_END_MS
  let isDue = false
  const tell = (): void => {
    isDue = true
    progress.now()
  }
  const next = (): (() => void) => {
    const now = parts.clock.monotonicMs()
    return parts.clock.after(now < lastAt ? Math.min(bookmarkMs, lastAt - now) : bookmarkMs, () => {
      cancel = next()
      // Without the storage it tells how far it had come before.
      waitUntilFresh(parts, store, { revision: undefined, signal: end.signal }).then(tell, tell)
    })
  }
  let cancel = next()
  return {
    isDue() {
      const was = isDue
      isDue = false
      return was
    },
    cancel: () => cancel(),
  }
}
