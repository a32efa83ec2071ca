import { Fault } from '../../shared/kit/faults.ts'
import { eventKey, eventRevision, modRevisionOf } from './events.ts'
import { listRevision, POSITIONS, type Entry, type EventBatch, type Guard, type ListOptions, type ListResult, type Revision, type Storage, type StorageEvent, type WatchOptions, type Write, type WriteResult } from './port.ts'
import { checkPossible } from './possible-revision.ts'
import { RevisionLog } from './revision-log.ts'
import { SortedMap } from './sorted-map.ts'

export interface MemoryStorageOptions {
  /** How many changes are remembered for watches and for lists at an older revision; 10,000 by default. */
  readonly historyEvents?: number | undefined
}

/** A change with what stood there before, so that an older state can be told by undoing. */
interface Change {
  readonly event: StorageEvent
  readonly previous: Entry | undefined
}

interface Stored {
  readonly entry: Entry
  readonly createRevision: number
}

/**
 * The storage of simulations and throw-away clusters. It has no timers and no randomness: each write is done when it is called, gets a
 * mod revision of its own, and is told to the watches in the next microtask.
 */
export function createMemoryStorage(options: MemoryStorageOptions = {}): Storage {
  return new MemoryStorage(options.historyEvents ?? 10_000)
}

class MemoryStorage implements Storage {
  readonly #stored = new SortedMap<Stored>()
  readonly #log: RevisionLog<Change>
  /** An empty etcd begins at 1 as well. */
  #modRevision = 1
  #closed = false

  constructor(historyEvents: number) {
    this.#log = new RevisionLog({ start: 0, maxEvents: historyEvents, revisionOf: (change) => eventRevision(change.event), keyOf: (change) => eventKey(change.event) })
    this.#log.append([], listRevision(this.#modRevision))
  }

  async get(key: string, signal?: AbortSignal): Promise<Entry | undefined> {
    this.#check(signal)
    return this.#stored.get(key)?.entry
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    this.#check(options.signal)
    checkPossible(options.revision)
    const modRevision = options.revision === undefined ? this.#modRevision : modRevisionOf(options.revision)
    const all = this.#entriesAt(prefix, options.startAfter, modRevision)
    const limit = options.limit === undefined || options.limit <= 0 ? all.length : options.limit
    return { entries: all.slice(0, limit), revision: options.revision ?? listRevision(modRevision), remaining: Math.max(0, all.length - limit) }
  }

  async write(write: Write, signal?: AbortSignal): Promise<WriteResult> {
    this.#check(signal)
    if (write.guard && !this.#holds(write.guard)) return { kind: 'deposed' }
    const current = this.#stored.get(write.key)?.entry
    if (!isExpected(write, current)) return current === undefined ? { kind: 'conflict' } : { kind: 'conflict', current }
    return { kind: 'committed', revision: write.kind === 'put' ? this.#put(write.key, write.value) : this.#delete(write.key) }
  }

  async *watch(prefix: string, options: WatchOptions): AsyncGenerator<EventBatch> {
    this.#check()
    if (options.after > listRevision(this.#modRevision)) throw new Fault('gone', `revision ${options.after} has never been here: list again`)
    for await (const { events, revision } of this.#log.read({ ...options, prefix, everyProgress: options.progress === undefined })) {
      yield { events: events.map((change) => change.event), revision }
    }
  }

  async currentRevision(signal?: AbortSignal): Promise<Revision> {
    this.#check(signal)
    return listRevision(this.#modRevision)
  }

  async compact(revision: Revision): Promise<void> {
    this.#check()
    const modRevision = modRevisionOf(revision)
    if (modRevision > this.#modRevision) throw inFuture(revision)
    this.#log.compact(listRevision(modRevision))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#log.close(closedFault())
  }

  #put(key: string, value: string): Revision {
    const previous = this.#stored.get(key)
    const modRevision = ++this.#modRevision
    const entry: Entry = { key, value, revision: modRevision * POSITIONS }
    this.#stored.set(key, { entry, createRevision: previous?.createRevision ?? modRevision })
    this.#tell({ kind: 'put', entry, created: previous === undefined }, previous?.entry)
    return entry.revision
  }

  #delete(key: string): Revision {
    const previous = this.#stored.get(key)?.entry
    if (previous === undefined) return listRevision(this.#modRevision)
    const revision = ++this.#modRevision * POSITIONS
    this.#stored.delete(key)
    this.#tell({ kind: 'delete', key, revision, previous }, previous)
    return revision
  }

  #tell(event: StorageEvent, previous: Entry | undefined): void {
    this.#log.append([{ event, previous }], listRevision(this.#modRevision))
  }

  #holds(guard: Guard): boolean {
    return this.#stored.get(guard.key)?.createRevision === guard.createRevision
  }

  #entriesAt(prefix: string, startAfter: string | undefined, modRevision: number): readonly Entry[] {
    if (modRevision === this.#modRevision) return this.#stored.underPrefix(prefix, startAfter).map((stored) => stored.entry)
    if (modRevision > this.#modRevision) throw inFuture(listRevision(modRevision))
    if (modRevision < modRevisionOf(this.#log.floor)) throw new Fault('gone', `the state at revision ${listRevision(modRevision)} has been compacted away: list the newest`)
    const past = new SortedMap<Entry>()
    for (const { entry } of this.#stored.underPrefix(prefix)) past.set(entry.key, entry)
    for (const { event, previous } of this.#log.newestFirst(listRevision(modRevision))) {
      if (!eventKey(event).startsWith(prefix)) continue
      if (previous) past.set(previous.key, previous)
      else past.delete(eventKey(event))
    }
    return past.underPrefix(prefix, startAfter)
  }

  #check(signal?: AbortSignal): void {
    if (this.#closed) throw closedFault()
    if (signal?.aborted) throw new Fault('cancelled', 'the caller gave up', { cause: signal.reason })
  }
}

function isExpected({ expect }: Write, current: Entry | undefined): boolean {
  switch (expect.kind) {
    case 'any':
      return true
    case 'absent':
      return current === undefined
    case 'revision':
      // A key is written at most once per mod revision, so that is what identifies a write; etcd can compare no more than that.
      return current !== undefined && modRevisionOf(current.revision) === modRevisionOf(expect.revision)
  }
}

const inFuture = (revision: Revision): Fault => new Fault('invalid', `revision ${revision} has not happened yet`)
const closedFault = (): Fault => new Fault('unavailable', 'the storage is closed')
