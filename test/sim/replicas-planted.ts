/** Mistakes in reads, writes and watches that clients of several API servers must find out. */
import type { Planted } from './planted.ts'

const one = (name: string, file: string, [from, to]: readonly [from: string, to: string]): Planted => ({ name, edits: [{ file: `control-plane/${file}`, from, to }] })

export const plantedInReplicas: readonly Planted[] = [
  one('an update to what the cache still holds is not written', 'apiserver/core/update.ts', ['return proven || call.dryRun ?', 'return true || proven ?']),
  one('a consistent list does not wait for the cache', 'apiserver/core/freshness.ts', ['return store.cache.waitFor(await parts.storage.currentRevision(signal), signal)', 'return void (await parts.storage.currentRevision(signal))']),
  one('a get is answered by the cache', 'apiserver/core/get.ts', ['const isFresh = store.cache.revision >= revision || (await catchesUp(parts, store, revision))', 'const isFresh = revision > 0']),
  one('a read at least as new as a revision does not wait', 'apiserver/core/freshness.ts', ['if (revision === 0) return', 'if (revision !== undefined) return']),
  one('a watch begins where the cache is', 'apiserver/core/watch.ts', ['store.cache.revision : (revision ?? 0)', 'store.cache.revision : store.cache.revision']),
  one('what is there at first is as old as the cache', 'apiserver/core/watch.ts', ['if (fromNow) await waitUntilFresh(parts, store, { revision: floor,', 'if (fromNow) await waitUntilFresh(parts, store, { revision: 0,']),
  one('a watch that begins with what is there misses what comes next', 'apiserver/core/watch.ts', ['const start = fromNow ? store.cache.revision', 'const start = fromNow ? store.cache.revision + 1024']),
  one('lost history is not noticed', 'storage/revision-log.ts', ['if (after < this.#floor) throw tooOld(after, this.#floor)', '']),
  one('a bookmark runs ahead', 'storage/revision-log.ts', ['told = this.#revision\n          ticks', 'told = this.#revision + 1024\n          ticks']),
  one('a change is told as an addition', 'storage/watch-cache.ts', ["previous ? { type: 'MODIFIED', item, previous }", "previous ? { type: 'ADDED', item }"]),
  one('a compare-and-set compares nothing', 'storage/memory.ts', ['return current !== undefined && modRevisionOf(current.revision) === modRevisionOf(expect.revision)', 'return current !== undefined']),
  one('the revision that an update names is not looked at', 'apiserver/core/update.ts', ['  checkExpectedRevision(store, admitted, { name: at.name, revision: existing.revision })\n', '']),
  one('the revision that a deletion names is not looked at', 'apiserver/core/delete.ts', ['if (resourceVersion !== undefined && resourceVersion !== existing.revision) {', "if (resourceVersion === '') {"]),
  one('later pages are of another revision than the first', 'apiserver/core/list.ts', ['revision: token.revision === -1 ? undefined : token.revision, after', 'revision: undefined, after']),
  one('a list at a revision shows the newest', 'apiserver/core/list.ts', ['startAfter, limit: chunk, revision, signal', 'startAfter, limit: chunk, revision: undefined, signal']),
  one('a write whose answer was lost counts as done', 'apiserver/core/commit.ts', ['    throw new OutcomeUnknown(error)', "    return { kind: 'committed', revision: 0 }"]),
  one('a write whose answer was lost counts as refused', 'apiserver/core/commit.ts', ['    throw new OutcomeUnknown(error)', '    throw error']),
]
