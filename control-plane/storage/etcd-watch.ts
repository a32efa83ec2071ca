import { backoffMs, type BackoffPolicy } from '../../shared/kit/backoff.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { EtcdClient } from './etcd-client.ts'
import type { WatchEvent, WatchResponse } from './etcd-grpc/messages.ts'
import { watchStream } from './etcd-stream.ts'
import { toEntry } from './etcd-txn.ts'
import { eventKey, eventRevision, firstLaterModRevision, modRevisionOf } from './events.ts'
import { orAborted } from './or-aborted.ts'
import { listRevision, POSITIONS, PutBack, type EventBatch, type Revision, type StorageEvent, type WatchOptions } from './port.ts'
import { deletePosition } from './positions.ts'
import { RevisionLog } from './revision-log.ts'

export interface EtcdWatchOptions {
  readonly client: EtcdClient
  readonly clock: Clock
  readonly log: Log
  /** Of all that is ever watched; left out: everything. */
  readonly prefix?: string | undefined
  /** The newest mod revision, linearizable. */
  currentModRevision(): Promise<number>
}

const backoff: BackoffPolicy = { baseMs: 10, capMs: 500, factor: 2 }
/** A stream that is this far behind what is known to have happened has been forgotten by its server, or hangs with it. */
const STALLED_MS = 1_000
/** How much of the newest past is kept so that a watch can begin a little behind. */
const RECENT_EVENTS = 2048

/**
 * All watches of the storage over one etcd stream of everything, the *hub*, which keeps the newest events. A watch that begins
 * further back first follows a stream of its own until the hub's memory reaches back to where it is.
 */
export class EtcdWatch {
  readonly #options: EtcdWatchOptions
  readonly #ended = new AbortController()
  #hub: Hub | undefined
  /** Of the state that etcd has now: until it is put back to another. */
  #life = new AbortController()

  constructor(options: EtcdWatchOptions) {
    this.#options = options
  }

  async *watch(prefix: string, options: WatchOptions): AsyncGenerator<EventBatch> {
    if (!prefix.startsWith(this.#options.prefix ?? '')) throw new Error(`${prefix} is not under what was said to be watched`)
    const life = this.#life.signal
    const signal = AbortSignal.any([options.signal, this.#ended.signal, life])
    const hub = this.prepare()
    let after = options.after
    while (!signal.aborted) {
      const recent = await hub.recent(signal)
      if (recent === undefined) break
      if (after > recent.revision && !(await this.#hasHappened(after, signal))) continue
      if (after < recent.floor) after = yield* this.#catchUp(prefix, { after, signal, hub })
      else after = yield* follow(recent, prefix, { ...options, after, signal })
    }
    if (!options.signal.aborted) throw (life.aborted ? life.reason : this.#ended.signal.reason) as Fault
  }

  /** Starts the hub: who lists now will watch from that list's revision in a moment. */
  prepare(): Hub {
    this.#hub ??= new Hub(this.#options)
    return this.#hub
  }

  /** The revision has happened: who has not heard of it soon hears nothing any more. */
  happened(modRevision: number): void {
    this.#hub?.happened(modRevision)
  }

  /** The last etcd revision that has come by; 0 for none. */
  get lastModRevision(): number {
    return this.#hub?.lastModRevision ?? 0
  }

  /** All watches end with the fault. Resolves when those who read them have heard of it. */
  async putBack(fault: PutBack): Promise<void> {
    this.#hub?.putBack(fault)
    this.#life.abort(fault)
    this.#life = new AbortController()
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** What etcd has forgotten is forgotten here too. */
  compact(revision: Revision): void {
    this.#hub?.compact(revision)
  }

  /** All watches, now and later, end with the fault. */
  close(fault: Fault): void {
    this.#ended.abort(fault)
    this.#hub?.stop()
  }

  /** Throws `gone` for a revision that etcd has never had (it was put back to an older state); `false`: ask again. */
  async #hasHappened(revision: Revision, signal: AbortSignal): Promise<boolean> {
    try {
      // Whoever shares the answer may be answered from a cache in the same moment: that has heard of a state that was put back before.
      await orAborted(checkRollback(this.#options, modRevisionOf(revision)), signal)
      return true
    } catch (error) {
      if (isFault(error, 'gone')) throw error
      await sleep(this.#options.clock, backoff.capMs / 2, signal).catch(() => {})
      return false
    }
  }

  /** Follows a stream of its own until the hub's memory reaches back to the answered revision. */
  async *#catchUp(prefix: string, { after, signal, hub }: WatchOptions & { readonly hub: Hub }): AsyncGenerator<EventBatch, Revision> {
    // One revision earlier than needed: at the very revision of a compaction deletions are missing already.
    const from = Math.max(1, firstLaterModRevision(after) - 1)
    let reached = after
    try {
      for await (const response of watchStream(this.#options.client, { fromModRevision: from, prefix: this.#options.prefix, signal })) {
        if (response.created && isBehind(response, from)) await checkRollback(this.#options, from)
        const { events, revision } = toBatch(response)
        if (events.length === 0 || revision <= reached) continue
        yield { events: events.filter((event) => eventRevision(event) > reached && eventKey(event).startsWith(prefix)), revision }
        reached = revision
        if (reached >= hub.floor) break
      }
    } catch (error) {
      if (isFault(error, 'gone')) throw error
      this.#options.log.warn({ prefix, err: messageOf(error) }, 'the watch is interrupted')
      await sleep(this.#options.clock, backoff.capMs / 2, signal).catch(() => {})
    }
    return reached
  }
}

/** Yields from the hub's memory; answers where it stopped when the reader fell behind it. */
async function* follow(recent: RevisionLog<StorageEvent>, prefix: string, options: WatchOptions): AsyncGenerator<EventBatch, Revision> {
  let reached = options.after
  try {
    for await (const batch of recent.read({ ...options, prefix, everyProgress: options.progress === undefined })) {
      yield batch
      reached = batch.revision
    }
  } catch (error) {
    if (!isFault(error, 'gone') || recent.failure) throw error
  }
  return reached
}

class Hub {
  readonly #options: EtcdWatchOptions
  readonly #ended = new AbortController()
  #recent: RevisionLog<StorageEvent> | undefined
  #opened = Promise.withResolvers<void>()
  /** The last etcd revision that has come by; `undefined`: start with the next. */
  #last: number | undefined
  #stream = new AbortController()
  #isDoubted = false

  constructor(options: EtcdWatchOptions) {
    this.#options = options
    void this.#run()
  }

  /** Events later than this are remembered. */
  get floor(): Revision {
    return this.#recent?.floor ?? Number.POSITIVE_INFINITY
  }

  /** The newest events, as soon as the stream is open; `undefined` when the signal aborts first. */
  async recent(signal: AbortSignal): Promise<RevisionLog<StorageEvent> | undefined> {
    if (this.#recent === undefined) {
      const aborted = Promise.withResolvers<void>()
      const abort = (): void => aborted.resolve()
      signal.addEventListener('abort', abort)
      await Promise.race([this.#opened.promise, aborted.promise])
      signal.removeEventListener('abort', abort)
    }
    return signal.aborted ? undefined : this.#recent
  }

  happened(modRevision: number): void {
    // Of a part of the keys it is not known whether anything has happened to them.
    if (this.#options.prefix !== undefined || this.#isDoubted || modRevision <= (this.#last ?? 0)) return
    this.#isDoubted = true
    const stream = this.#stream
    this.#options.clock.after(STALLED_MS, () => {
      this.#isDoubted = false
      if (modRevision > (this.#last ?? 0) && stream === this.#stream) stream.abort(new Fault('timeout', `etcd is at revision ${modRevision} and the watch has not come past ${this.#last ?? 'its beginning'}`))
    })
  }

  get lastModRevision(): number {
    return this.#last ?? 0
  }

  putBack(fault: PutBack): void {
    this.#options.log.warn({ err: fault.message }, 'the storage was put back')
    this.#forget(fault)
    this.#stream.abort(fault)
  }

  compact(revision: Revision): void {
    this.#recent?.compact(listRevision(modRevisionOf(revision)))
  }

  stop(): void {
    this.#ended.abort()
    this.#recent?.close()
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended
    for (let failures = 0; !signal.aborted; ) {
      try {
        this.#stream = new AbortController()
        const stream = this.#stream.signal
        for await (const response of watchStream(this.#options.client, { fromModRevision: this.#last ?? 0, prefix: this.#options.prefix, signal: AbortSignal.any([signal, stream]) })) {
          failures = 0
          await this.#take(response)
        }
        if (stream.aborted) throw stream.reason as Fault
      } catch (error) {
        if (signal.aborted) return
        if (isFault(error, 'gone')) this.#forget(error)
        else if (failures++ === 0) this.#options.log.warn({ err: messageOf(error) }, 'the watch of etcd is interrupted')
        await sleep(this.#options.clock, backoffMs(backoff, failures), signal).catch(() => {})
      }
    }
  }

  async #take(response: WatchResponse): Promise<void> {
    if (response.created) return await this.#open(response)
    const { events, revision } = toBatch(response)
    const from = this.#last === undefined ? 0 : listRevision(this.#last)
    if (events.length === 0 || revision <= from) return
    this.#last = modRevisionOf(revision)
    this.#recent?.append(from > 0 ? events.filter((event) => eventRevision(event) > from) : events, revision)
  }

  async #open(response: WatchResponse): Promise<void> {
    if (this.#last !== undefined) {
      if (isBehind(response, this.#last)) await checkRollback(this.#options, this.#last)
      return
    }
    const modRevision = response.revision
    this.#last = modRevision
    this.#recent = new RevisionLog({ start: listRevision(modRevision), maxEvents: RECENT_EVENTS, revisionOf: eventRevision, keyOf: eventKey })
    this.#opened.resolve()
  }

  #forget(fault: Fault): void {
    const lost = this.#recent
    // Who waits for it to open goes on waiting.
    if (lost === undefined) return
    this.#last = undefined
    this.#recent = undefined
    this.#opened = Promise.withResolvers()
    lost.close(fault)
  }
}

/** A member that lags behind catches up; a store that was put back to an older state never gives those revisions again: `gone`. */
async function checkRollback({ currentModRevision }: EtcdWatchOptions, last: number): Promise<void> {
  const current = await currentModRevision()
  if (current < last) throw lostState(current, last)
}

export const lostState = (current: number, last: number): PutBack => new PutBack(`etcd is at revision ${current} but was at ${last} before: it lost its newest state`)

/** Whether the member that opened the stream knows of the revision. */
const isBehind = (created: WatchResponse, modRevision: number): boolean => created.revision < modRevision

/** The events of one answer, in order of revision. All events of one etcd revision come in one answer. */
function toBatch(response: WatchResponse): EventBatch {
  const events = response.events.map(toEvent)
  if (events.some((event, index) => index > 0 && eventRevision(event) < eventRevision(events[index - 1] as StorageEvent))) {
    events.sort((a, b) => eventRevision(a) - eventRevision(b))
  }
  const last = events.at(-1)
  return { events, revision: last === undefined ? 0 : listRevision(modRevisionOf(eventRevision(last))) }
}

function toEvent({ kind, kv, previous }: WatchEvent): StorageEvent {
  if (kind === 'put') return { kind, entry: toEntry(kv), created: kv.createRevision === kv.modRevision }
  const { key } = kv
  const revision = kv.modRevision * POSITIONS + deletePosition(key)
  return previous ? { kind, key, revision, previous: toEntry(previous) } : { kind, key, revision }
}
