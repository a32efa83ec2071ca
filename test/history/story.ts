import type { Change, Item, Revision } from './history.ts'

/** What the storage did, to be asked about any revision. */
export class Story {
  readonly #all: readonly Change[]
  readonly #ofKey = new Map<string, Change[]>()
  readonly #at = new Map<Revision, Change>()

  constructor(changes: readonly Change[]) {
    this.#all = changes.toSorted((a, b) => a.revision - b.revision)
    for (const change of this.#all) {
      const known = this.#ofKey.get(change.key)
      if (known) known.push(change)
      else this.#ofKey.set(change.key, [change])
      this.#at.set(change.revision, change)
    }
  }

  get all(): readonly Change[] {
    return this.#all
  }

  get newest(): Revision {
    return this.#all.at(-1)?.revision ?? 0
  }

  at(revision: Revision): Change | undefined {
    return this.#at.get(revision)
  }

  of(key: string): readonly Change[] {
    return this.#ofKey.get(key) ?? []
  }

  /** The last change of the key up to and including the revision. */
  last(key: string, revision: Revision): Change | undefined {
    const changes = this.of(key)
    return changes[countUpTo(changes, revision) - 1]
  }

  /** The first change of the key after the revision. */
  next(key: string, revision: Revision): Change | undefined {
    const changes = this.of(key)
    return changes[countUpTo(changes, revision)]
  }

  /** What was there, in order of key. */
  state(prefix: string, revision: Revision): readonly Item[] {
    const items: Item[] = []
    for (const key of this.#ofKey.keys()) {
      const last = key.startsWith(prefix) ? this.last(key, revision) : undefined
      if (last?.value !== undefined) items.push({ key, revision: last.revision, value: last.value })
    }
    return items.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  }

  /** Changes after one revision up to and including another. */
  between(prefix: string, after: Revision, upTo: Revision): readonly Change[] {
    return this.#all.slice(countUpTo(this.#all, after), countUpTo(this.#all, upTo)).filter(({ key }) => key.startsWith(prefix))
  }

  /** Whether the key was as described at some moment from one revision until before another. */
  wasEver(key: string, span: { readonly from: Revision; readonly before: Revision }, holds: (last: Change | undefined) => boolean): boolean {
    if (holds(this.last(key, span.from))) return true
    return this.of(key).some((change) => change.revision > span.from && change.revision < span.before && holds(change))
  }
}

function countUpTo(changes: readonly Change[], revision: Revision): number {
  let low = 0
  let high = changes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((changes[middle] as Change).revision <= revision) low = middle + 1
    else high = middle
  }
  return low
}
