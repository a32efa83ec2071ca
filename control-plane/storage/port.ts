import { Fault } from '../../shared/kit/faults.ts'
import type { ProgressRequests } from './progress.ts'

/**
 * Where desired state lives: an ordered map from key to JSON text with one revision counter, compare-and-set writes and
 * watches from a revision. Two adapters (etcd, memory) pass one contract suite (`contract.ts`).
 *
 * **Keys** are `/gantry/<group>/<resource>/<namespace>/<name>` (`core` for the core group; a cluster-scoped object has no
 * namespace part). **Values** are JSON texts of objects without `metadata.resourceVersion`: the revision is the storage's to say.
 *
 * **Revisions.** Independent writes that arrive together are committed together and share one etcd mod revision, so a
 * `Revision` is `modRevision × 1024 + position in its batch`; the position of a put is kept in the stored envelope, that of a
 * deletion follows from its key (`positions.ts`). Comparing revisions orders all writes. A list's revision is `R × 1024 + 1023`:
 * everything up to and including R.
 *
 * **The story of a list, then a watch.** `list('/gantry/core/pods/')` answers entries and a revision V. `watch(prefix, { after: V })`
 * then yields every change later than V, each exactly once, in order of revision, however often the connection to etcd is lost
 * in between; if V has been compacted away, or has never been there, it throws `Fault('gone')` and the caller lists again. Each
 * write moves every watch on, also a write under another prefix: without being asked a watch always comes to `currentRevision`, unless
 * its reader said that it will ask (`progress.ts`).
 *
 * **Faults**: `unavailable` (not reachable, or no leader; a write may have happened unless it is a {@link NotWritten}), `timeout` (the same),
 * `gone` (compacted), `exhausted` (out of space; deletions still work), `invalid` (larger than etcd takes, or a revision that has not
 * happened yet), `cancelled`, `corrupt` (etcd says that its members differ).
 */
export type Revision = number

/** A write that failed before anything of it was sent: it has not happened and will not. Of any other `unavailable` or `timeout` that is not known. */
export class NotWritten extends Fault {}

/** `gone`: the storage was put back to an older state. What was read of it before may not have happened, and its revisions come again with other content. */
export class PutBack extends Fault {
  constructor(message: string) {
    super('gone', message)
  }
}

/** Positions in a batch, and so the writes one batch may hold. */
export const POSITIONS = 1024

/** The revision of a list at etcd's revision `modRevision`: later than each write in it. */
export const listRevision = (modRevision: number): Revision => modRevision * POSITIONS + POSITIONS - 1

export interface Entry {
  readonly key: string
  /** JSON text of the object. */
  readonly value: string
  /** Of the write that made this value. */
  readonly revision: Revision
}

/** What must hold for a write to happen. `any` always holds; `absent`: there is no such key; `revision`: its last write is exactly this one. */
export type Expectation = { readonly kind: 'any' } | { readonly kind: 'absent' } | { readonly kind: 'revision'; readonly revision: Revision }

export type Write =
  | { readonly kind: 'put'; readonly key: string; readonly value: string; readonly expect: Expectation; readonly guard?: Guard | undefined }
  | { readonly kind: 'delete'; readonly key: string; readonly expect: Expectation; readonly guard?: Guard | undefined }

/** A leader's right to write: the write happens only while `key` still exists with this creation revision. */
export interface Guard {
  readonly key: string
  /** etcd's create revision of the key. */
  readonly createRevision: number
}

export type WriteResult =
  | { readonly kind: 'committed'; readonly revision: Revision }
  /** The expectation did not hold; `current` is what stands there instead (absent: nothing). */
  | { readonly kind: 'conflict'; readonly current?: Entry | undefined }
  /** The guard did not hold: this process is not the leader any more. */
  | { readonly kind: 'deposed' }

export type StorageEvent =
  | { readonly kind: 'put'; readonly entry: Entry; readonly created: boolean }
  /** `previous` is the last value, when the storage still knows it. */
  | { readonly kind: 'delete'; readonly key: string; readonly revision: Revision; readonly previous?: Entry | undefined }

/** Events of one moment, in order, and how far the watch has come: everything up to `revision` has been yielded. May be empty (progress). */
export interface EventBatch {
  readonly events: readonly StorageEvent[]
  readonly revision: Revision
}

export interface ListOptions {
  /** Keys after this one only. */
  readonly startAfter?: string | undefined
  readonly limit?: number | undefined
  /** At exactly this revision (throws `gone` if it is compacted); the newest otherwise. */
  readonly revision?: Revision | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ListResult {
  /** In order of key. */
  readonly entries: readonly Entry[]
  readonly revision: Revision
  /** How many more there are after the last entry. */
  readonly remaining: number
}

export interface WatchOptions {
  /** Changes later than this. */
  readonly after: Revision
  readonly signal: AbortSignal
  /** With it, batches without events come only when they are asked for. */
  readonly progress?: ProgressRequests | undefined
}

export interface Storage extends AsyncDisposable {
  /** Linearizable. `undefined` if there is no such key. */
  get(key: string, signal?: AbortSignal): Promise<Entry | undefined>
  /** Linearizable (unless a revision is asked for); `prefix` ends in `/`. */
  list(prefix: string, options?: ListOptions): Promise<ListResult>
  /** One compare-and-set write. Writes given at the same time may share one round of consensus; each stands or fails alone. */
  write(write: Write, signal?: AbortSignal): Promise<WriteResult>
  /** Ends when the signal aborts (normally) or throws a `Fault`; reconnects by itself. */
  watch(prefix: string, options: WatchOptions): AsyncIterable<EventBatch>
  /** The newest list revision, linearizable: what a cache must reach to be proven fresh. */
  currentRevision(signal?: AbortSignal): Promise<Revision>
  /** Forgets history before the revision; watches and lists from before then are `gone`. */
  compact(revision: Revision): Promise<void>
}

/** The key of an object, or with `name` left out the prefix of its resource (and namespace). */
export function storageKey(of: { readonly group: string; readonly plural: string }, namespace?: string, name?: string): string {
  const root = `/gantry/${of.group === '' ? 'core' : of.group}/${of.plural}/`
  return `${root}${namespace ? `${namespace}/` : ''}${name ?? ''}`
}
