/**
 * What clients asked and were answered, beside what the storage itself says happened. The checker (`check.ts`) tells whether the two can both be true.
 *
 * Times are of one monotonic clock that never gives the same moment twice (`moments`). Revisions are resourceVersions as numbers: they order all writes
 * (`control-plane/storage/port.ts`). Values are any text that stands for the object: two texts are the same exactly when the objects are.
 */
export type Revision = number

/** One object as an answer shows it. */
export interface Item {
  readonly key: string
  readonly revision: Revision
  readonly value: string
}

/** One change that the storage made; no value: a deletion. */
export interface Change {
  readonly key: string
  readonly revision: Revision
  readonly value: string | undefined
}

export interface History {
  /** In the order they were asked, of all clients. */
  readonly operations: readonly Operation[]
  /** Everything the storage did to the keys in question, each change once, in order of revision. */
  readonly changes: readonly Change[]
  /** When history may have been forgotten: compactions, starts of servers. A 410 needs one of them as its reason. */
  readonly forgotten: readonly number[]
}

export type Operation = Write | Get | List | Watch | Cache

interface Asked {
  readonly id: number
  readonly client: string
  /** The life of the server that was asked, if it is known: reads from one cache never go back. */
  readonly server?: string | undefined
  readonly asked: number
  /** Infinity: never. */
  readonly answered: number
}

export interface Write extends Asked {
  readonly kind: 'write'
  readonly verb: 'create' | 'update' | 'patch' | 'delete'
  readonly key: string
  /** What is to stand there afterwards; of a deletion nothing. */
  readonly value: string | undefined
  /** The write was to happen only if this was the key's revision. */
  readonly expects?: Revision | undefined
  readonly outcome: WriteOutcome
}

export type WriteOutcome =
  /** Of a deletion the revision is not told. */
  | { readonly kind: 'done'; readonly revision: Revision | undefined }
  /** The server says that it was not done. */
  | { readonly kind: 'refused'; readonly reason: 'exists' | 'missing' | 'conflict' | 'other' }
  /** It may have been done, or be done later. */
  | { readonly kind: 'unknown' }

/** How new the answer must be. */
export type Freshness = { readonly kind: 'newest' } | { readonly kind: 'any' } | { readonly kind: 'not-older'; readonly revision: Revision }

export interface Get extends Asked {
  readonly kind: 'get'
  readonly key: string
  readonly fresh: Freshness
  readonly outcome: { readonly kind: 'found'; readonly item: Item } | { readonly kind: 'absent' } | { readonly kind: 'failed' }
}

export interface List extends Asked {
  readonly kind: 'list'
  readonly prefix: string
  readonly fresh: Freshness | { readonly kind: 'exact'; readonly revision: Revision }
  readonly outcome: { readonly kind: 'listed'; readonly pages: readonly Page[] } | { readonly kind: 'failed' } | { readonly kind: 'gone' }
}

export interface Page {
  readonly revision: Revision
  readonly items: readonly Item[]
}

export interface Watch extends Asked {
  readonly kind: 'watch'
  readonly prefix: string
  /** Changes after a revision, or first everything that is there (`sendInitialEvents`), at least as new as asked. */
  readonly from: { readonly kind: 'after'; readonly revision: Revision } | { readonly kind: 'initial'; readonly fresh: Freshness }
  readonly seen: readonly Seen[]
  /** Whether the server said that the history it was to begin with (or go on with) is gone. */
  readonly gone: boolean
  /** It was given all the time it needs to come this far. */
  readonly reaches?: Revision | undefined
}

export type Seen =
  | { readonly kind: 'event'; readonly at: number; readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly item: Item }
  | { readonly kind: 'bookmark'; readonly at: number; readonly revision: Revision; readonly initialEnd: boolean }

/** What a client that lists and watches holds, at the moment it was looked at. */
export interface Cache extends Asked {
  readonly kind: 'cache'
  readonly prefix: string
  readonly revision: Revision
  readonly items: readonly Item[]
  /** Everything was quiet long enough before: it must hold what is stored. */
  readonly final: boolean
}

/** A promise that was not kept. */
export interface Violation {
  readonly rule: 'lost' | 'order' | 'precondition' | 'invented' | 'refusal' | 'stale' | 'state' | 'backwards' | 'watch-order' | 'watch-gap' | 'watch-type' | 'gone' | 'cache'
  readonly sentence: string
}

/** Moments of a clock, made to differ: what is asked after an answer has a later moment than it. */
export function moments(nowMs: () => number): () => number {
  let last = Number.NEGATIVE_INFINITY
  return () => {
    const now = nowMs()
    last = now > last ? now : last + 1e-6
    return last
  }
}

/** The newest a watch told of; `undefined`: nothing yet. */
export const reachedBy = (watch: Watch): Revision | undefined => {
  let reached = watch.from.kind === 'after' ? watch.from.revision : undefined
  let isInitial = watch.from.kind === 'initial'
  for (const seen of watch.seen) {
    if (seen.kind === 'bookmark') {
      if (seen.initialEnd) isInitial = false
      reached = Math.max(reached ?? 0, seen.revision)
    } else if (!isInitial) reached = Math.max(reached ?? 0, seen.item.revision)
  }
  return reached
}
