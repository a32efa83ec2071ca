/** How up to date a read must be, and waiting until the cache is. */
import { isFault } from '../../../shared/kit/faults.ts'
import type { Revision } from '../../storage/port.ts'
import { badRequest, plainError, tooLargeResourceVersion } from '../status.ts'
import type { CoreParts } from './parts.ts'
import type { ResourceStore } from './resources.ts'

/** How long a read waits for a revision that has not come yet. */
const FUTURE_WAIT_MS = 3000

/** A resourceVersion of a request; `undefined` for the empty one. `undefined` and 0 have meanings of their own. */
export function parseRevision(text: string | undefined, refuse: (message: string) => Error = plainError): Revision | undefined {
  if (text === undefined || text === '') return undefined
  const refusal = (why: string): Error => refuse(`resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`)
  if (!/^\d+$/.test(text)) throw refusal('invalid syntax')
  if (BigInt(text) > MAX_UINT64) throw refusal('value out of range')
  // No revision is ever so large that it could not be told from the next.
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER)
}

const MAX_UINT64 = 2n ** 64n - 1n

export const refuseListRevision = (message: string): Error => badRequest(`invalid resource version: ${message}`)

/** Waits until the cache is at least as new as asked: `undefined` is the newest there is now, 0 whatever it holds. */
export async function waitUntilFresh(parts: CoreParts, store: ResourceStore, { revision, signal }: { readonly revision: Revision | undefined; readonly signal: AbortSignal }): Promise<void> {
  await store.cache.whenReady(signal)
  if (revision === 0) return
  if (revision === undefined) return store.cache.waitFor(await parts.storage.currentRevision(signal), signal)
  if (store.cache.revision >= revision) return
  await waitForFuture(parts, store, { revision, signal })
}

async function waitForFuture(parts: CoreParts, store: ResourceStore, { revision, signal }: { readonly revision: Revision; readonly signal: AbortSignal }): Promise<void> {
  const limit = new AbortController()
  const cancel = parts.clock.after(FUTURE_WAIT_MS, () => limit.abort(new Error('too large')))
  try {
    await store.cache.waitFor(revision, AbortSignal.any([signal, limit.signal]))
  } catch (error) {
    if (limit.signal.aborted || isFault(error, 'timeout')) throw tooLargeResourceVersion(revision, store.cache.revision)
    throw error
  } finally {
    cancel()
  }
}
