import { systemClock, type Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { silentLog, type Log } from '../../shared/kit/log.ts'
import { DEFAULT_CALL_MS, openEtcd, type EtcdAddress, type EtcdClient } from './etcd-client.ts'
import { etcdFault, isNeverSent, isTooManyOperations, wasCutOff } from './etcd-errors.ts'
import { COMPACT, RANGE, TXN, type RangeRequest, type RangeResponse } from './etcd-grpc/messages.ts'
import { SpaceKeeper } from './etcd-space.ts'
import { fromTxn, toEntry, toTxn } from './etcd-txn.ts'
import { EtcdWatch, lostState } from './etcd-watch.ts'
import { modRevisionOf } from './events.ts'
import { BatchTooLarge, GroupCommit, type PendingWrite } from './group-commit.ts'
import { orAborted } from './or-aborted.ts'
import { listRevision, NotWritten, POSITIONS, type Entry, type EventBatch, type ListOptions, type ListResult, type Revision, type Storage, type WatchOptions, type Write, type WriteResult } from './port.ts'
import type { Placed } from './positions.ts'
import { checkPossible } from './possible-revision.ts'
import { prefixRange } from './prefix-range.ts'
import { sharedRead, type Sharing } from './shared-read.ts'
import { isWithinBatch, stateWithin } from './within-batch.ts'

export interface EtcdStorageOptions extends EtcdAddress {
  readonly clock?: Clock | undefined
  readonly log?: Log | undefined
  /** The server's `--max-txn-ops`; 128 by default. One that allows less is found out at the first batch that is too large. */
  readonly maxTxnOps?: number | undefined
  /** Transactions under way at once; 2 by default. */
  readonly maxInFlight?: number | undefined
  /**
   * All that will ever be watched through this storage is under this prefix: etcd is asked for no more, and a watch comes on only with what happens there.
   * Left out: everything, and each write moves every watch on.
   */
  readonly watched?: string | undefined
}

/** A nested transaction counts with its own operations (two compares at most) beside those of the batch. */
const NESTED_OPS = 3
/** Where so many ask at the same time, a read waits for more to come: each costs as much as answering several who share it. Fewer are not kept waiting, lists above all. */
const MANY_SHARERS = 12
const COMPANY_MS = 2
/** Well below etcd's `--max-request-bytes` (1.5 MiB by default). */
const MAX_BATCH_BYTES = 1 << 20

/** The storage of real clusters. Connects at the first call, and again by itself whenever the connection breaks. */
export function createEtcdStorage(options: EtcdStorageOptions): Storage {
  return new EtcdStorage(options)
}

class EtcdStorage implements Storage {
  readonly #client: EtcdClient
  readonly #writes: GroupCommit
  readonly #watches: EtcdWatch
  readonly #currentModRevision: () => Promise<number>
  readonly #space: SpaceKeeper
  #closed: Fault | undefined
  /** The newest that etcd has told, lists included. */
  #seenModRevision = 0

  constructor(options: EtcdStorageOptions) {
    const { clock = systemClock, log = silentLog, maxTxnOps = 128, maxInFlight = 2 } = options
    this.#client = openEtcd(options, clock)
    this.#space = new SpaceKeeper({ address: options, clock, log, onCompacted: (modRevision) => this.#watches.compact(listRevision(modRevision)) })
    this.#writes = new GroupCommit({
      maxWrites: Math.min(POSITIONS, Math.max(1, maxTxnOps - NESTED_OPS)),
      maxBytes: MAX_BATCH_BYTES,
      maxInFlight,
      clock,
      waitMs: options.callMs ?? DEFAULT_CALL_MS,
      soon: (run) => void setImmediate(run),
      commit: (batch) => this.#commit(batch),
    })
    this.#currentModRevision = sharedRead(() => this.#readModRevision(), (run, sharing) => (sharing.before < MANY_SHARERS ? whenAllCame(run, sharing) : void clock.after(COMPANY_MS, run)))
    this.#watches = new EtcdWatch({ client: this.#client, clock, log, prefix: options.watched, currentModRevision: this.#currentModRevision })
  }

  async get(key: string, signal?: AbortSignal): Promise<Entry | undefined> {
    const answer = await this.#range({ key }, signal)
    return answer.kvs[0] && toEntry(answer.kvs[0])
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    const { startAfter, limit, signal } = options
    checkPossible(options.revision)
    // Before the first write etcd is at revision 1; asked for none it would answer with the newest.
    const revision = options.revision !== undefined && modRevisionOf(options.revision) < 1 ? listRevision(1) : options.revision
    this.#watches.prepare()
    if (revision !== undefined && isWithinBatch(revision)) return this.#listWithin(prefix, revision, options)
    const start = startAfter !== undefined && startAfter >= prefix ? `${startAfter}\0` : prefix
    const request: RangeRequest = { key: start, rangeEnd: prefixRange(prefix).rangeEnd, limit, revision: revision === undefined ? undefined : modRevisionOf(revision) }
    const answer = await this.#range(request, signal)
    this.#seenModRevision = Math.max(this.#seenModRevision, answer.revision)
    return {
      entries: answer.kvs.map(toEntry),
      revision: options.revision ?? listRevision(answer.revision),
      remaining: answer.count - answer.kvs.length,
    }
  }

  async #listWithin(prefix: string, revision: Revision, { startAfter = '', limit, signal }: ListOptions): Promise<ListResult> {
    const all = async (modRevision: number): Promise<readonly Entry[]> => (modRevision === 0 ? [] : (await this.list(prefix, { revision: listRevision(modRevision), signal })).entries)
    const modRevision = modRevisionOf(revision)
    const [before, after] = await Promise.all([all(modRevision - 1), all(modRevision)])
    const state = stateWithin(revision, before, after).filter(({ key }) => key > startAfter)
    const entries = limit === undefined || limit === 0 ? state : state.slice(0, limit)
    return { entries, revision, remaining: state.length - entries.length }
  }

  write(write: Write, signal?: AbortSignal): Promise<WriteResult> {
    return this.#writes.write(write, signal)
  }

  async *watch(prefix: string, options: WatchOptions): AsyncGenerator<EventBatch> {
    if (this.#closed) throw this.#closed
    yield* this.#watches.watch(prefix, options)
  }

  async currentRevision(signal?: AbortSignal): Promise<Revision> {
    return listRevision(await orAborted(this.#currentModRevision(), signal))
  }

  /** Linearizable, and so never less than was known when it was asked: where it is less, etcd was put back to an older state, and everybody hears of it before the answer. */
  async #readModRevision(): Promise<number> {
    const known = Math.max(this.#seenModRevision, this.#watches.lastModRevision)
    const modRevision = (await this.#range({ key: '/gantry/', countOnly: true })).revision
    this.#seenModRevision = modRevision
    if (modRevision < known) await this.#watches.putBack(lostState(modRevision, known))
    else this.#watches.happened(modRevision)
    return modRevision
  }

  async compact(revision: Revision): Promise<void> {
    try {
      await this.#client.call(COMPACT, { revision: modRevisionOf(revision) })
    } catch (error) {
      const fault = etcdFault(error)
      if (!isFault(fault, 'gone')) throw fault
    }
    this.#watches.compact(revision)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = new Fault('unavailable', 'the storage is closed')
    this.#writes.close(this.#closed)
    this.#watches.close(this.#closed)
    this.#space.close()
    this.#client.close()
  }

  async #range(request: RangeRequest, signal?: AbortSignal): Promise<RangeResponse> {
    if (this.#closed) throw this.#closed
    try {
      return await orAborted(this.#read(request), signal)
    } catch (error) {
      throw etcdFault(error)
    }
  }

  /** One that was cut off is asked again, once: nothing comes of reading twice, and whoever asked need not know that a connection broke, or that etcd chose a leader of its own. */
  async #read(request: RangeRequest): Promise<RangeResponse> {
    try {
      return await this.#client.call(RANGE, request)
    } catch (error) {
      if (this.#closed || !wasCutOff(error)) throw error
      return await this.#client.call(RANGE, request)
    }
  }

  async #commit(batch: ReadonlyArray<Placed<PendingWrite>>): Promise<readonly WriteResult[]> {
    try {
      const writes = batch.map(({ write, position }) => ({ write: write.write, position }))
      return fromTxn(writes, await this.#client.call(TXN, toTxn(writes)))
    } catch (error) {
      if (isTooManyOperations(error)) throw new BatchTooLarge({ cause: error })
      const fault = etcdFault(error)
      if (isFault(fault, 'exhausted')) this.#space.full()
      throw isNeverSent(error) && isFault(fault, 'unavailable') ? new NotWritten('unavailable', fault.message, { cause: error }) : fault
    }
  }
}

/** Runs when a turn of the event loop has brought nobody more to share with. */
function whenAllCame(run: () => void, sharing: Sharing, known = 1): void {
  setImmediate(() => (sharing.now > known ? whenAllCame(run, sharing, sharing.now) : run()))
}
