import { backoffMs, type BackoffPolicy } from '../../shared/kit/backoff.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { PutBack, type Entry, type Revision, type Storage, type StorageEvent } from '../storage/port.ts'

/** A key as it was last seen. */
export interface Sighting {
  readonly entry: Entry
  /** When this version of it was first seen here, on this process's monotonic clock: later than it was written. */
  readonly seenMs: number
}

export interface ObserverOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly log: Log
  readonly prefix: string
}

const RETRY: BackoffPolicy = { baseMs: 20, capMs: 500, factor: 2 }

/**
 * Tells the living from the dead without comparing clocks: remembers of each key under a prefix when, by its own clock, it last saw it change. What it does
 * not see (a watch that broke) makes a key look older than it is; so whoever acts on its age compares with the revision that was seen.
 *
 * Where the storage was put back to an older state nothing that was seen counts any more: all is seen anew ({@link putBackMs}).
 */
export class Observer {
  readonly #options: ObserverOptions
  readonly #seen = new Map<string, Sighting>()
  readonly #listeners = new Set<() => void>()
  /** Everything up to it has been seen. */
  #revision: Revision = 0
  #following = new AbortController()
  #putBackMs = Number.NEGATIVE_INFINITY

  constructor(options: ObserverOptions) {
    this.#options = options
  }

  /** When it was last found that the storage was put back to an older state, on this process's monotonic clock; minus infinity: never. */
  get putBackMs(): number {
    return this.#putBackMs
  }

  find(key: string): Sighting | undefined {
    return this.#seen.get(key)
  }

  all(): readonly Sighting[] {
    return [...this.#seen.values()]
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** What an answer of the storage said stands there; without an entry: nothing. `known`: as the key was seen when that was asked. */
  note(key: string, entry: Entry | undefined, known: Sighting | undefined): void {
    if (entry && isOlder(entry, known)) this.putBack()
    if (entry) this.#put(entry)
    else this.#seen.delete(key)
    this.#tell()
  }

  /** The storage was put back to an older state: forgets what was seen, and looks again. */
  putBack(): void {
    const { clock, log, prefix } = this.#options
    log.info({ prefix }, 'the storage was put back to an older state: what was seen of it counts no more')
    this.#putBackMs = clock.monotonicMs()
    this.#seen.clear()
    this.#revision = 0
    this.#following.abort()
    this.#tell()
  }

  /** Lists and watches until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, prefix } = this.#options
    for (let failures = 0; !signal.aborted; ) {
      try {
        this.#following = new AbortController()
        for await (const _change of this.#follow(AbortSignal.any([signal, this.#following.signal]))) failures = 0
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof PutBack) this.putBack()
        log.debug({ prefix, err: messageOf(error) }, 'looking again')
      }
      await sleep(clock, backoffMs(RETRY, ++failures), signal).catch(() => {})
    }
  }

  async *#follow(signal: AbortSignal): AsyncGenerator<void> {
    const { storage, prefix } = this.#options
    const before = { seen: new Map(this.#seen), revision: this.#revision }
    const { entries, revision } = await storage.list(prefix, { signal })
    if (signal.aborted) return
    if (revision < before.revision || entries.some((entry) => isOlder(entry, before.seen.get(entry.key)))) return this.putBack()
    this.#revision = revision
    const listed = new Set(entries.map(({ key }) => key))
    for (const key of this.#seen.keys()) if (!listed.has(key)) this.#seen.delete(key)
    for (const entry of entries) this.#put(entry)
    this.#tell()
    yield
    for await (const { events, revision: reached } of storage.watch(prefix, { after: revision, signal })) {
      if (signal.aborted) return
      this.#revision = reached
      for (const event of events) this.#take(event)
      if (events.length > 0) this.#tell()
      yield
    }
  }

  #take(event: StorageEvent): void {
    if (event.kind === 'put') return this.#put(event.entry)
    const seen = this.#seen.get(event.key)
    if (seen && seen.entry.revision < event.revision) this.#seen.delete(event.key)
  }

  /** The past may come after the present: a watch lags behind what a refused write told. */
  #put(entry: Entry): void {
    const known = this.#seen.get(entry.key)
    if (known && known.entry.revision >= entry.revision) return
    this.#seen.set(entry.key, { entry, seenMs: this.#options.clock.monotonicMs() })
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** Whether what the storage answered is older than what had been seen when it was asked. */
const isOlder = (entry: Entry, known: Sighting | undefined): boolean => known !== undefined && entry.revision < known.entry.revision
