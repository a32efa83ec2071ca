/** Histories that are right by construction: clients and a store with one order, whose steps a list of numbers chooses. */
import { moments, type Change, type Freshness, type History, type Item, type Operation, type Revision, type Seen, type Write } from './history.ts'
import { Story } from './story.ts'

const KEYS = ['/c/a', '/c/b', '/c/c'] as const
const PREFIX = '/c/'

/** One client's operation under way: what happens at its moment, and what it is when it is answered. */
interface Pending {
  readonly asked: number
  isDone: boolean
  /** Its moment: answers what the operation was, but for the times. */
  readonly happen: () => Unfinished
  result: Unfinished | undefined
}

type Unfinished = Operation extends infer Kind ? (Kind extends Operation ? Omit<Kind, 'id' | 'client' | 'asked' | 'answered'> : never) : never

/** Takes a choice from the list; after its end always the first. */
export type Choose = (options: number) => number

export const choices = (numbers: readonly number[]): Choose => {
  let at = 0
  return (options) => (numbers[at++] ?? 0) % options
}

interface Follower {
  readonly asked: number
  readonly after: Revision
  at: Revision
  readonly seen: Seen[]
}

/** The store: one change after the other, some revisions apart. */
class Store {
  readonly changes: Change[] = []
  #revision: Revision = 1
  readonly #choose: Choose

  constructor(choose: Choose) {
    this.#choose = choose
  }

  /** A list's: nothing else will happen at it or before. */
  get revision(): Revision {
    return this.#revision
  }

  get story(): Story {
    return new Story(this.changes)
  }

  put(key: string, value: string | undefined): Revision {
    this.#revision += 1 + this.#choose(3)
    this.changes.push({ key, revision: this.#revision, value })
    return this.#revision++
  }
}

/** A history of `steps` steps of three clients, two watches and a cache that lags. */
export function modelHistory(numbers: readonly number[], steps: number): History {
  const choose = choices(numbers)
  const now = moments(() => 0)
  const store = new Store(choose)
  const clients: (Pending | undefined)[] = [undefined, undefined, undefined]
  const operations: Operation[] = []
  const followers: Follower[] = []
  let cached: Revision = 1
  let values = 0

  const item = (change: Change | undefined): Item | undefined => (change?.value === undefined ? undefined : { key: change.key, revision: change.revision, value: change.value })
  const write = (key: string): (() => Unfinished) => {
    const verb = (['create', 'update', 'patch', 'delete'] as const)[choose(4)] ?? 'create'
    const seen = store.story.last(key, store.revision)
    const isSame = verb === 'update' && choose(4) === 0 && seen?.value !== undefined
    const value = verb === 'delete' ? undefined : isSame ? seen.value : `v${++values}`
    const expects = (verb === 'update' || verb === 'delete') && choose(2) === 0 ? (seen?.revision ?? 7) : undefined
    const [isLost, isDoneThough] = [choose(6) === 0, choose(2) === 0]
    return () => ({ kind: 'write', verb, key, value, expects, outcome: isLost ? lost({ verb, key, value, expects }, isDoneThough) : perform({ verb, key, value, expects }) })
  }
  type Wanted = Pick<Write, 'verb' | 'key' | 'value' | 'expects'>
  const perform = ({ verb, key, value, expects }: Wanted): Write['outcome'] => {
    const last = store.story.last(key, store.revision)
    if (verb === 'create' && last?.value !== undefined) return { kind: 'refused', reason: 'exists' }
    if (verb !== 'create' && last?.value === undefined) return { kind: 'refused', reason: 'missing' }
    if (expects !== undefined && last?.revision !== expects) return { kind: 'refused', reason: 'conflict' }
    if (verb === 'update' && last && last.value === value) return { kind: 'done', revision: last.revision }
    const revision = store.put(key, value)
    return { kind: 'done', revision: verb === 'delete' ? undefined : revision }
  }
  const lost = (wanted: Wanted, isDone: boolean): Write['outcome'] => {
    if (isDone) perform(wanted)
    return { kind: 'unknown' }
  }
  const get = (key: string): (() => Unfinished) => {
    const fresh = freshness()
    return () => {
      const found = item(store.story.last(key, revisionFor(fresh)))
      return { kind: 'get', key, fresh, outcome: found ? { kind: 'found', item: found } : { kind: 'absent' } }
    }
  }
  const freshness = (): Freshness => [{ kind: 'newest' } as const, { kind: 'any' } as const, { kind: 'not-older', revision: Math.max(1, store.revision - choose(8)) } as const][choose(3)] ?? { kind: 'any' }
  const revisionFor = (fresh: Freshness): Revision => (fresh.kind === 'newest' ? store.revision : fresh.kind === 'any' ? cached : Math.max(cached, fresh.revision))
  const list = (): (() => Unfinished) => {
    const fresh = choose(4) === 0 ? ({ kind: 'exact', revision: Math.max(1, store.revision - choose(10)) } as const) : freshness()
    const size = 1 + choose(3)
    return () => {
      const revision = fresh.kind === 'exact' ? fresh.revision : revisionFor(fresh)
      const items = store.story.state(PREFIX, revision)
      const pages = Array.from({ length: Math.max(1, Math.ceil(items.length / size)) }, (_, page) => ({ revision, items: items.slice(page * size, (page + 1) * size) }))
      return { kind: 'list', prefix: PREFIX, fresh, outcome: { kind: 'listed', pages } }
    }
  }
  const advance = (index: number): void => {
    const pending = clients[index]
    if (!pending) {
      const key = KEYS[choose(KEYS.length)] ?? '/c/a'
      const happen = [write, write, get, list][choose(4)]?.(key) ?? get(key)
      clients[index] = { asked: now(), isDone: false, happen, result: undefined }
    } else if (!pending.isDone) {
      pending.result = pending.happen()
      pending.isDone = true
    } else if (pending.result) {
      operations.push({ ...pending.result, id: operations.length, client: `c${index}`, server: pending.result.kind === 'list' && pending.result.fresh.kind === 'any' ? 'cache' : undefined, asked: pending.asked, answered: now() } as Operation)
      clients[index] = undefined
    }
  }
  const follow = (follower: Follower): void => {
    const { story } = store
    const [change] = story.between(PREFIX, follower.at, store.revision)
    if (change) {
      const before = story.last(change.key, change.revision - 1)
      const type = change.value === undefined ? 'DELETED' : before?.value === undefined ? 'ADDED' : 'MODIFIED'
      follower.at = change.revision
      follower.seen.push({ kind: 'event', at: now(), type, item: { key: change.key, revision: change.revision, value: change.value ?? before?.value ?? '' } })
    } else {
      follower.at = store.revision
      follower.seen.push({ kind: 'bookmark', at: now(), revision: store.revision, initialEnd: false })
    }
  }
  for (let step = 0; step < steps; step++) {
    const which = choose(12)
    if (which < 9) advance(which % 3)
    else if (which === 9) cached += choose(Math.max(1, store.revision - cached + 1))
    else if (followers.length < 2) {
      const after = Math.max(0, store.revision - choose(6))
      followers.push({ asked: now(), after, at: after, seen: [] })
    } else follow(followers[which - 10] as Follower)
  }
  const end = store.revision
  for (const { asked, after, seen } of followers) operations.push({ kind: 'watch', id: operations.length, client: 'w', prefix: PREFIX, from: { kind: 'after', revision: after }, seen, gone: false, asked, answered: now() })
  operations.push({ kind: 'cache', id: operations.length, client: 'i', prefix: PREFIX, revision: end, items: store.story.state(PREFIX, end), final: true, asked: now(), answered: now() })
  // Who was not answered does not know; what was not done yet will never be.
  for (const [index, pending] of clients.entries()) {
    const result = pending?.result ?? undefined
    if (pending && result?.kind === 'write') operations.push({ ...result, outcome: { kind: 'unknown' }, id: operations.length, client: `c${index}`, asked: pending.asked, answered: Number.POSITIVE_INFINITY })
  }
  return { operations, changes: store.changes, forgotten: [] }
}
