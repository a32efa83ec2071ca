import { backoffMs, type BackoffPolicy } from '../../shared/kit/backoff.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import { silentLog, type Log } from '../../shared/kit/log.ts'
import { atDeletion, decodeEntry, forgetText } from './cached-object.ts'
import { eventKey } from './events.ts'
import { PutBack, type Entry, type Revision, type Storage, type StorageEvent } from './port.ts'
import { ProgressRequests } from './progress.ts'
import { RevisionLog } from './revision-log.ts'
import { SortedMap } from './sorted-map.ts'
import { Waiters } from './waiters.ts'
import type { CacheEvent, CacheEventBatch, CachedObject, CacheWatchOptions, WatchCache } from './watch-cache-port.ts'

export interface WatchCacheOptions {
  readonly storage: Storage
  /** Of the resource: `storageKey({ group, plural })`. */
  readonly prefix: string
  readonly clock: Clock
  readonly log?: Log | undefined
  /** How many events a watch can resume from at most; 10,000 by default. */
  readonly historyEvents?: number | undefined
  /** Events older than this are forgotten sooner or later, but for the newest 128; 75 s by default, as in Kubernetes. */
  readonly historyMs?: number | undefined
  /** How long {@link WatchCache.waitFor} waits; 3 s by default, as in Kubernetes. */
  readonly waitMs?: number | undefined
}

const PAGE = 1000
const ALWAYS_KEPT = 128
/** Within this time those who watch have been told of a change, all but those who fell behind. */
const TOLD_MS = 1000
const backoff: BackoffPolicy = { baseMs: 20, capMs: 1000, factor: 2 }

export function createWatchCache(options: WatchCacheOptions): WatchCache {
  return new StorageWatchCache(options)
}

class StorageWatchCache implements WatchCache {
  readonly #options: WatchCacheOptions
  readonly #log: Log
  readonly #waiters: Waiters
  readonly #progress = new ProgressRequests()
  #objects = new SortedMap<CachedObject>()
  /** Absent until the first list is done. */
  #history: RevisionLog<CacheEvent> | undefined
  #isForgetting = false
  #cancelForgetting = (): void => {}
  /** States that have passed: the history remembers them. */
  #passed: CachedObject[] = []
  #cancelPassing = (): void => {}

  constructor(options: WatchCacheOptions) {
    this.#options = options
    this.#log = options.log ?? silentLog
    this.#waiters = new Waiters(options.clock)
  }

  get revision(): Revision {
    return this.#history?.revision ?? 0
  }

  get(key: string): CachedObject | undefined {
    return this.#objects.get(key)
  }

  list(prefix: string): readonly CachedObject[] {
    return this.#objects.underPrefix(prefix)
  }

  async waitFor(revision: Revision, signal?: AbortSignal): Promise<void> {
    if (this.#history !== undefined && this.revision >= revision) return
    this.#progress.upTo(revision)
    await this.#waiters.wait({ revision, waitMs: this.#options.waitMs ?? 3000, signal, what: this.#options.prefix })
  }

  async whenReady(signal?: AbortSignal): Promise<void> {
    if (this.#history === undefined) await this.#waiters.wait({ revision: 0, waitMs: undefined, signal, what: this.#options.prefix })
  }

  tellProgress(): void {
    this.#history?.tick()
  }

  async *watch(prefix: string, options: CacheWatchOptions): AsyncGenerator<CacheEventBatch> {
    await this.whenReady(options.signal)
    if (this.#history) yield* this.#history.read({ ...options, prefix, everyProgress: false })
  }

  async run(signal: AbortSignal): Promise<void> {
    let isLoaded = false
    for (let failures = 0; !signal.aborted; ) {
      try {
        if (!isLoaded) await this.#load(signal)
        isLoaded = true
        await this.#follow(signal, () => (failures = 0))
        throw new Fault('unavailable', 'the watch of the storage ended')
      } catch (error) {
        if (signal.aborted) break
        // A watch that broke goes on where it was, and nobody who watches here is disturbed; only lost history must be listed anew.
        if (isFault(error, 'gone')) isLoaded = false
        if (error instanceof PutBack) this.#disown(error)
        failures = isFault(error, 'gone') ? 0 : failures + 1
        this.#log.warn({ prefix: this.#options.prefix, err: messageOf(error) }, isLoaded ? 'watching again' : 'listing again')
        await sleep(this.#options.clock, backoffMs(backoff, failures), signal).catch(() => {})
      }
    }
    this.#cancelForgetting()
    this.#cancelPassing()
    this.#history?.close()
    this.#waiters.failAll(new Fault('unavailable', `the cache of ${this.#options.prefix} has ended`))
  }

  /** What is held may never have happened: nobody is answered from it, nor told more of it, until all has been listed anew. */
  #disown(fault: PutBack): void {
    this.#history?.close(fault)
    this.#history = undefined
  }

  /** Lists everything at one revision, then takes the place of what was known; those who watch must list again. */
  async #load(signal: AbortSignal): Promise<void> {
    const { storage, prefix } = this.#options
    const objects = new SortedMap<CachedObject>()
    let revision: Revision | undefined
    let startAfter: string | undefined
    do {
      const page = await storage.list(prefix, { limit: PAGE, signal, startAfter, revision })
      revision = page.revision
      for (const entry of page.entries) {
        const item = this.#decode(entry)
        if (item) objects.set(item.key, item)
      }
      startAfter = page.remaining > 0 ? page.entries.at(-1)?.key : undefined
    } while (startAfter !== undefined)
    this.#objects = objects
    this.#history?.close(new Fault('gone', `the watch of ${prefix} was interrupted for too long: list again`))
    this.#history = new RevisionLog({ start: revision, maxEvents: this.#options.historyEvents ?? 10_000, revisionOf: (event) => event.item.revision, keyOf: (event) => event.item.key })
    this.#waiters.reached(revision)
  }

  async #follow(signal: AbortSignal, onProgress: () => void): Promise<void> {
    for await (const batch of this.#options.storage.watch(this.#options.prefix, { after: this.revision, signal, progress: this.#progress })) {
      onProgress()
      const events: CacheEvent[] = []
      for (const change of batch.events) this.#apply(change, events)
      this.#history?.append(events, batch.revision, this.#options.clock.monotonicMs())
      this.#waiters.reached(batch.revision)
      if (events.length > 0) this.#forgetLater()
    }
  }

  /** Looks at the history's old end from time to time, for as long as there may be something to forget. */
  #forgetLater(): void {
    if (this.#isForgetting || (this.#history?.length ?? 0) <= ALWAYS_KEPT) return
    this.#isForgetting = true
    const { clock, historyMs = 75_000 } = this.#options
    this.#cancelForgetting = clock.after(historyMs / 4, () => {
      this.#isForgetting = false
      this.#history?.forgetBefore(clock.monotonicMs() - historyMs, ALWAYS_KEPT)
      this.#forgetLater()
    })
  }

  #apply(change: StorageEvent, events: CacheEvent[]): void {
    const key = eventKey(change)
    const previous = this.#objects.get(key)
    const item = change.kind === 'put' ? this.#decode(change.entry) : undefined
    if (previous) this.#pass(previous)
    if (item) {
      this.#objects.set(key, item)
      events.push(previous ? { type: 'MODIFIED', item, previous } : { type: 'ADDED', item })
    } else if (previous) {
      this.#objects.delete(key)
      events.push({ type: 'DELETED', item: atDeletion(previous, change.kind === 'put' ? change.entry.revision : change.revision), previous })
    }
  }

  /** Lets go of the texts of what has passed, a while later. */
  #pass(item: CachedObject): void {
    this.#passed.push(item)
    if (this.#passed.length > 1) return
    this.#cancelPassing = this.#options.clock.after(TOLD_MS, () => {
      for (const passed of this.#passed.splice(0)) forgetText(passed)
    })
  }

  /** One value that cannot be read must not take the whole resource away: it is left out, and said. */
  #decode(entry: Entry): CachedObject | undefined {
    try {
      return decodeEntry(entry)
    } catch (error) {
      this.#log.error({ key: entry.key, err: messageOf(error) }, 'a stored object cannot be read')
      return undefined
    }
  }
}
