import { sleep, type Clock } from '../../shared/kit/clock.ts'
import type { ConfigMap, Status } from '../../shared/model/gen/api.ts'
import { freshQuery, queryOf, type Client } from './client.ts'
import type { Item, Revision, Seen, Watch } from './history.ts'

export interface FollowerParts {
  readonly client: Client
  readonly clock: Clock
  /** Asked for what is there by the watch itself (`sendInitialEvents`), not by a list before it. */
  readonly streams: boolean
  /** How long one watch is to last. */
  readonly watchSeconds: number
  /** It forgets what it holds when a watch ends, as a program does that is started anew. */
  readonly forgets?: boolean
}

interface WatchLine {
  readonly type: string
  readonly object: ConfigMap & Status
}

const REST_MS = 50

/** A client that keeps a copy as client libraries do: list, watch, watch on from where it was, and list again only after a 410. */
export class Follower {
  readonly #parts: FollowerParts
  readonly #copy = new Map<string, Item>()
  #revision: Revision | undefined

  constructor(parts: FollowerParts) {
    this.#parts = parts
  }

  /** How far the copy has come; `undefined`: there is none. */
  get revision(): Revision | undefined {
    return this.#revision
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#revision === undefined && !this.#parts.streams) await this.#list()
      else await this.#watch(signal)
      await sleep(this.#parts.clock, REST_MS, signal).catch(() => {})
    }
  }

  /** Writes down what it holds. */
  tell(final: boolean): void {
    const { name, recorder, subject } = this.#parts.client.parts
    if (this.#revision === undefined) return
    const held = { kind: 'cache' as const, client: name, prefix: subject.prefix, revision: this.#revision, items: [...this.#copy.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1)), final }
    recorder.ask(held)(held)
  }

  async #list(): Promise<void> {
    const listed = await this.#parts.client.list({ kind: 'newest' })
    if (listed) this.#replace(listed.revision, listed.items)
  }

  #replace(revision: Revision, items: readonly Item[]): void {
    this.#copy.clear()
    for (const item of items) this.#copy.set(item.key, item)
    this.#revision = revision
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, watchSeconds, forgets = false } = this.#parts
    const { recorder, subject, name } = client.parts
    const door = client.parts.door()
    if (!door) return
    const from: Watch['from'] = this.#revision === undefined ? { kind: 'initial', fresh: { kind: 'newest' } } : { kind: 'after', revision: this.#revision }
    const seen: Seen[] = []
    const watch = { kind: 'watch' as const, client: name, server: door.server, prefix: subject.prefix, from, seen }
    const answered = recorder.ask({ ...watch, gone: false })
    const initial = from.kind === 'initial' ? { ...freshQuery(from.fresh), sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' } : { resourceVersion: String(from.revision) }
    let gone = false
    try {
      const { status, lines } = await door.stream(`${subject.pathOf()}${queryOf({ watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: String(watchSeconds), ...initial })}`, signal)
      if (status === 410) gone = true
      if (status === 200) for await (const line of lines) if (!this.#take(JSON.parse(line) as WatchLine, seen)) gone = true
    } catch {
      // Cut: watched on from where it was.
    }
    answered({ ...watch, gone })
    if (gone || (forgets && !signal.aborted)) this.#revision = undefined
  }

  /** False: the history is gone. */
  #take({ type, object }: WatchLine, seen: Seen[]): boolean {
    const { recorder, subject } = this.#parts.client.parts
    if (type === 'ERROR') return object.code !== 410
    const at = recorder.now()
    const revision = Number(object.metadata.resourceVersion)
    recorder.told(revision)
    if (type === 'BOOKMARK') {
      const initialEnd = object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true'
      if (initialEnd) this.#replace(revision, seen.flatMap((one) => (one.kind === 'event' ? [one.item] : [])))
      seen.push({ kind: 'bookmark', at, revision, initialEnd })
      this.#revision = this.#revision === undefined ? undefined : revision
      return true
    }
    const item = subject.itemOf(object)
    if (item) {
      seen.push({ kind: 'event', at, type: type as 'ADDED', item })
      if (this.#revision !== undefined && type === 'DELETED') this.#copy.delete(item.key)
      else if (this.#revision !== undefined) this.#copy.set(item.key, item)
    }
    if (this.#revision !== undefined) {
      this.#revision = revision
      // What is none of ours tells how far the watch has come all the same.
      if (!item) seen.push({ kind: 'bookmark', at, revision, initialEnd: false })
    }
    return true
  }
}
