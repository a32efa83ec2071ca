/** Lists: from the cache at a revision proven fresh, later pages from the storage at the revision of the first. */
import { ApiError } from '../../../shared/kit/api-error.ts'
import { isFault } from '../../../shared/kit/faults.ts'
import type { ListOptions } from '../options/list-options.ts'
import { selectionOf, type Selection } from '../selectors/selection.ts'
import { badRequest, gone, tooLargeResourceVersion } from '../status.ts'
import type { Entry, Revision } from '../../storage/port.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import type { Call } from './call.ts'
import { decodeContinue, encodeContinue, type ContinueToken } from './continue-token.ts'
import { parseRevision, refuseListRevision, waitUntilFresh } from './freshness.ts'
import type { CoreParts } from './parts.ts'
import { prefixOf, type ResourceStore } from './resources.ts'
import { shownAll } from './shown.ts'

export interface Listing {
  readonly items: readonly CachedObject[]
  readonly revision: Revision
  /** For the next page; absent when this is the last. */
  readonly continue?: string | undefined
  /** How many more there are; not known when selectors leave some out. */
  readonly remaining?: number | undefined
}

export interface ListRequest {
  readonly store: ResourceStore
  /** Empty: all namespaces, or a cluster-scoped resource. */
  readonly namespace: string
  readonly options: ListOptions
  /** Instead of the options' selectors. */
  readonly selection?: Selection | undefined
}

export async function list(parts: CoreParts, call: Call, request: ListRequest): Promise<Listing> {
  const selection = request.selection ?? selectionOf(request.store.definition, request.options)
  const source = sourceOf(request)
  if (source.kind === 'cache') {
    await waitUntilFresh(parts, request.store, { revision: source.revision, signal: call.signal })
    return firstPage(request, selection, call.signal)
  }
  try {
    return await storagePages(parts, call, { request, selection, source })
  } catch (error) {
    if (source.revision !== undefined && isFault(error, 'invalid')) throw tooLargeResourceVersion(source.revision, request.store.cache.revision)
    throw isFault(error, 'gone') ? expired(parts, source) : error
  }
}

type Source =
  | { readonly kind: 'cache'; readonly revision: Revision | undefined }
  | { readonly kind: 'storage'; readonly revision: Revision | undefined; readonly after: string | undefined }

function sourceOf({ options }: ListRequest): Source {
  const limit = options.limit ?? 0
  if (options.continue) {
    const token = readToken(options.continue)
    if (options.resourceVersion && options.resourceVersion !== '0') throw badRequest('specifying resource version is not allowed when using continue')
    return { kind: 'storage', revision: token.revision === -1 ? undefined : token.revision, after: token.after }
  }
  const revision = parseRevision(options.resourceVersion, refuseListRevision)
  const exact = options.resourceVersionMatch === 'Exact' || (!options.resourceVersionMatch && limit > 0 && revision !== undefined && revision > 0)
  return exact ? { kind: 'storage', revision, after: undefined } : { kind: 'cache', revision }
}

function readToken(text: string): ContinueToken {
  try {
    return decodeContinue(text)
  } catch (error) {
    throw isFault(error, 'invalid') ? badRequest(`invalid continue token: ${error.message}`) : error
  }
}

async function firstPage({ store, namespace, options }: ListRequest, selection: Selection, signal: AbortSignal): Promise<Listing> {
  const revision = store.cache.revision
  const all = store.cache.list(prefixOf(store, namespace))
  // Whoever takes whatever is at hand is given all of it, as by Kubernetes.
  const limit = options.limit !== undefined && options.limit > 0 && options.resourceVersion !== '0' ? options.limit : Number.POSITIVE_INFINITY
  if (selection.everything) {
    const items = await shownAll(store, all.length <= limit ? all : firstOf(all, limit), signal)
    return all.length <= limit ? { items, revision } : pageOf(items, { store, revision, remaining: all.length - limit })
  }
  const items = await matching(store, all, { selection, most: limit + 1, signal })
  return items.length <= limit ? { items, revision } : pageOf(items.slice(0, limit), { store, revision, remaining: undefined })
}

/** Those that match, at least the first `most` of them: nobody is asked to show more than that takes. */
async function matching(store: ResourceStore, all: readonly CachedObject[], { selection, most, signal }: { readonly selection: Selection; readonly most: number; readonly signal: AbortSignal }): Promise<readonly CachedObject[]> {
  const matches = (item: CachedObject): boolean => selection.matches(item.object)
  if (!store.show) return all.filter(matches)
  const found: CachedObject[] = []
  for (let at = 0; at < all.length && found.length < most; at += CHUNK) {
    const shown = await store.show.all(all.slice(at, at + CHUNK), signal)
    found.push(...shown.filter(matches))
  }
  return found
}

/** The first page of the whole, the same array for all who ask for it. */
const firstPages = new WeakMap<readonly CachedObject[], readonly CachedObject[]>()

function firstOf(all: readonly CachedObject[], limit: number): readonly CachedObject[] {
  const known = firstPages.get(all)
  if (known?.length === limit) return known
  const page = all.slice(0, limit)
  firstPages.set(all, page)
  return page
}

interface PageFacts {
  readonly store: ResourceStore
  readonly revision: Revision
  readonly remaining: number | undefined
}

function pageOf(items: readonly CachedObject[], { store, revision, remaining }: PageFacts): Listing {
  const last = items.at(-1)?.key ?? ''
  return { items, revision, continue: encodeContinue({ revision, after: last.slice(prefixOf(store).length) }), remaining }
}

/** How many are read at a time when a selector leaves some out. */
const CHUNK = 500

interface StorageRead {
  readonly request: ListRequest
  readonly selection: Selection
  readonly source: Extract<Source, { readonly kind: 'storage' }>
}

async function storagePages(parts: CoreParts, call: Call, { request, selection, source }: StorageRead): Promise<Listing> {
  const { store, namespace, options } = request
  const root = prefixOf(store)
  const prefix = prefixOf(store, namespace)
  const limit = options.limit !== undefined && options.limit > 0 ? options.limit : Number.POSITIVE_INFINITY
  const items: CachedObject[] = []
  let startAfter = source.after === undefined ? undefined : `${root}${source.after}`
  let { revision } = source
  for (;;) {
    const chunk = Number.isFinite(limit) ? (selection.everything ? limit : CHUNK) : undefined
    const page = await parts.storage.list(prefix, { startAfter, limit: chunk, revision, signal: call.signal })
    revision ??= page.revision
    // Where nobody is to be asked, no more is decoded than goes into the page.
    const shown = store.show && (await store.show.all(page.entries.map((entry) => decoded(store, entry)), call.signal))
    for (const [index, entry] of page.entries.entries()) {
      const item = shown?.[index] ?? decoded(store, entry)
      if (selection.matches(item.object)) items.push(item)
      const left = page.entries.length - index - 1 + page.remaining
      if (items.length === limit && left > 0) return pageOf(items, { store, revision, remaining: selection.everything ? left : undefined })
    }
    if (page.remaining === 0) return { items, revision }
    startAfter = page.entries.at(-1)?.key
  }
}

function decoded(store: ResourceStore, entry: Entry): CachedObject {
  const cached = store.cache.get(entry.key)
  return cached?.revision === entry.revision ? cached : store.read(entry)
}

const EXPIRED_PAGE =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'

/** 410; for a later page with a token that goes on without consistency. */
function expired(parts: CoreParts, source: Extract<Source, { readonly kind: 'storage' }>): ApiError {
  parts.log.debug({ revision: source.revision }, 'a list at an expired revision')
  if (source.after === undefined) return gone('The resourceVersion for the provided list is too old.')
  const { status } = gone(EXPIRED_PAGE)
  return new ApiError({ ...status, metadata: { continue: encodeContinue({ revision: -1, after: source.after }) } })
}
