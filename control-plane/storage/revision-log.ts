import { Fault } from '../../shared/kit/faults.ts'
import type { Revision } from './port.ts'
import type { ProgressRequests } from './progress.ts'
import { Sleepers, type Sleeper } from './sleepers.ts'

/** What was appended together, in order, and the revision reached with it. */
export interface LogBatch<E> {
  readonly events: readonly E[]
  readonly revision: Revision
}

interface Remembered<E> extends LogBatch<E> {
  readonly atMs: number
}

interface Collected<E> {
  readonly position: number
  readonly end: number
  readonly from: Revision
  readonly prefix: string
  readonly events: readonly E[]
}

export interface RevisionLogOptions<E> {
  /** Nothing is known of what happened up to here. */
  readonly start: Revision
  /** How many events are remembered. */
  readonly maxEvents: number
  revisionOf(event: E): Revision
  keyOf(event: E): string
}

export interface ReadOptions {
  readonly after: Revision
  readonly prefix: string
  readonly signal: AbortSignal
  /** Whether each append is told, also one without events for this reader; otherwise {@link RevisionLog.tick} tells, and what `progress` asks for. */
  readonly everyProgress: boolean
  readonly progress?: ProgressRequests | undefined
}

/**
 * The recent past, shared by all who read it: a bounded log of events in order of revision. Each reader is a position in the
 * log, not a buffer, so a hundred watchers cost one copy of the events, everything that piled up while a reader was busy
 * comes as one batch, and a reader that falls off the end is told `gone`. An append wakes those it is for, and nobody else.
 */
export class RevisionLog<E> {
  readonly #options: RevisionLogOptions<E>
  #batches: Remembered<E>[] = []
  /** Batches dropped since the beginning: positions of readers count from there. */
  #dropped = 0
  #events = 0
  #floor: Revision
  #revision: Revision
  #ticks = 0
  #failure: Fault | undefined
  #closed = false
  readonly #sleepers = new Sleepers()
  /** What was collected last: readers that are at the same place, which is most of them, get the very same list. */
  #collected: Collected<E> | undefined

  constructor(options: RevisionLogOptions<E>) {
    this.#options = options
    this.#floor = options.start
    this.#revision = options.start
  }

  /** Everything up to here has been appended. */
  get revision(): Revision {
    return this.#revision
  }

  /** A reader can start after this revision or a later one. */
  get floor(): Revision {
    return this.#floor
  }

  /** Why it was closed, if not normally. */
  get failure(): Fault | undefined {
    return this.#failure
  }

  append(events: readonly E[], revision: Revision, atMs = 0): void {
    this.#revision = revision
    if (events.length > 0) {
      this.#batches.push({ events, revision, atMs })
      this.#events += events.length
      while (this.#events > this.#options.maxEvents && this.#batches.length > 1) this.#dropOldest()
    }
    const keys = events.map(this.#options.keyOf)
    this.#sleepers.wake(events.length > 0 ? this.#end - 1 : this.#end, (prefix) => hasPrefix(keys, prefix))
  }

  /** How many batches are remembered. */
  get length(): number {
    return this.#batches.length
  }

  /** Forgets what is older than `atMs`, but keeps the newest `keep` batches. */
  forgetBefore(atMs: number, keep: number): void {
    while (this.#batches.length > keep && (this.#batches[0]?.atMs ?? atMs) < atMs) this.#dropOldest()
  }

  /** Forgets everything up to the revision. */
  compact(revision: Revision): void {
    while ((this.#batches[0]?.revision ?? Number.POSITIVE_INFINITY) <= revision) this.#dropOldest()
    this.#floor = Math.max(this.#floor, revision)
    this.#sleepers.wakeAll(this.#end)
  }

  /** Tells every reader how far the log has come, even if nothing happened. */
  tick(): void {
    this.#ticks++
    this.#sleepers.wakeAll(this.#end)
  }

  /** Ends all readers, now and later: normally, or by throwing the fault. */
  close(failure?: Fault): void {
    if (this.#closed) return
    this.#closed = true
    this.#failure = failure
    this.#sleepers.wakeAll(this.#end)
  }

  /** What is remembered of the time after `revision`, newest first. */
  *newestFirst(revision: Revision): Iterable<E> {
    for (let i = this.#batches.length - 1; i >= 0; i--) {
      const events = (this.#batches[i] as Remembered<E>).events
      for (let k = events.length - 1; k >= 0; k--) {
        const event = events[k] as E
        if (this.#options.revisionOf(event) <= revision) return
        yield event
      }
    }
  }

  /** Events under the prefix after a revision, each once and in order. Ends when the signal aborts; throws `Fault('gone')` when the log does not reach back that far. */
  async *read(options: ReadOptions): AsyncGenerator<LogBatch<E>> {
    const { signal, after, prefix, progress, everyProgress } = options
    if (after < this.#floor) throw tooOld(after, this.#floor)
    let position = this.#positionAfter(after)
    let told = after
    let ticks = this.#ticks
    const sleeper: Sleeper = { prefix, wake: undefined, isCurious: () => everyProgress || progress?.isOpen(told) === true }
    const wake = (): void => this.#sleepers.rouse(sleeper, this.#end)
    // Asked once and then listened to: signals made of others take long to answer.
    let isAborted = signal.aborted
    const abort = (): void => {
      isAborted = true
      wake()
    }
    signal.addEventListener('abort', abort)
    const detach = progress?.attach(wake)
    try {
      while (!isAborted) {
        if (position < this.#dropped) throw tooOld(told, this.#floor)
        const events = this.#collect(position, prefix, told)
        position = this.#end
        const isDue = everyProgress ? this.#revision > told : ticks !== this.#ticks || progress?.isDue(told, this.#revision) === true
        if (events.length > 0 || (isDue && this.#revision >= after)) {
          told = this.#revision
          ticks = this.#ticks
          progress?.answered()
          yield { events, revision: told }
        } else if (this.#closed) {
          if (this.#failure) throw this.#failure
          return
        } else {
          position = await this.#sleepers.sleep(sleeper)
        }
      }
    } finally {
      signal.removeEventListener('abort', abort)
      detach?.()
      this.#sleepers.rouse(sleeper, this.#end)
    }
  }

  /** The position after everything. */
  get #end(): number {
    return this.#dropped + this.#batches.length
  }

  /** Those under the prefix from a position on that are later than the revision. */
  #collect(position: number, prefix: string, after: Revision): readonly E[] {
    const first = this.#batches[position - this.#dropped]?.events[0]
    if (first === undefined) return []
    const { keyOf, revisionOf } = this.#options
    // Only in the batch where a reader begins there may be some that are not later.
    const from = revisionOf(first) > after ? 0 : after
    const known = this.#collected
    if (known && known.position === position && known.end === this.#end && known.from === from && known.prefix === prefix) return known.events
    const events: E[] = []
    for (let i = position - this.#dropped; i < this.#batches.length; i++) {
      for (const event of (this.#batches[i] as Remembered<E>).events) {
        if (revisionOf(event) > from && keyOf(event).startsWith(prefix)) events.push(event)
      }
    }
    this.#collected = { position, end: this.#end, from, prefix, events }
    return events
  }

  #positionAfter(revision: Revision): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#batches[middle] as Remembered<E>).revision <= revision) low = middle + 1
      else high = middle
    }
    return this.#dropped + low
  }

  #dropOldest(): void {
    const oldest = this.#batches.shift()
    if (oldest === undefined) return
    this.#dropped++
    this.#events -= oldest.events.length
    this.#floor = Math.max(this.#floor, oldest.revision)
  }
}

function hasPrefix(keys: readonly string[], prefix: string): boolean {
  for (const key of keys) if (key.startsWith(prefix)) return true
  return false
}

const tooOld = (after: Revision, floor: Revision): Fault => new Fault('gone', `the history after revision ${after} is not known any more (it begins after ${floor}): list again`)
