import type { Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { Company } from './company.ts'
import { takeBatch, type BatchLimits, type Placed } from './positions.ts'
import { NotWritten, type Write, type WriteResult } from './port.ts'

/** Why a batch was not even tried: it may be given again, in smaller pieces. */
export class BatchTooLarge extends Fault {
  constructor(options: ErrorOptions) {
    super('invalid', 'etcd allows fewer operations in one transaction', options)
  }
}

export interface GroupCommitOptions extends BatchLimits {
  /** How many transactions may be under way at once. Beside one that is, another begins when enough have come for it, or the first takes its time. */
  readonly maxInFlight: number
  readonly clock: Clock
  /** A write that has not been sent for this long is given back: an etcd that hangs must not gather ever more of them. */
  readonly waitMs: number
  /** Runs soon, after what came in together has been read. */
  soon(run: () => void): void
  /** One transaction: an answer per write, in order. Throws `BatchTooLarge`, or a `Fault` for all. */
  commit(batch: ReadonlyArray<Placed<PendingWrite>>): Promise<readonly WriteResult[]>
}

export interface PendingWrite {
  readonly write: Write
  /** Of the clock's monotonic time. */
  readonly dueMs: number
  resolve(result: WriteResult): void
  reject(error: unknown): void
}

/** So many writes are worth a transaction beside one that is under way: a transaction costs this process several times what a write in it does. */
const ENOUGH_WRITES = 32
/** A transaction that takes longer than this waits for a disk: nothing is gained by waiting for it. */
const SLOW_MS = 5

/** The number of operations every etcd allows in a transaction. */
const SAFE_WRITES = 125

/** Gathers the writes that come while others are under way and commits them together: the busier it is, the larger the batches. */
export class GroupCommit {
  readonly #options: GroupCommitOptions
  #queue: PendingWrite[] = []
  #maxWrites: number
  #inFlight = 0
  #scheduled = false
  #closed: Fault | undefined
  #isTiming = false
  /** Whether those under way have been for so long that others need not wait for them. */
  #isSlow = false
  #cancelSlow = (): void => {}
  readonly #company = new Company()
  /** Writes in transactions under way. */
  #underWay = 0
  /** Ends the wait for company; absent while nobody waits for any. */
  #cancelPatience: (() => void) | undefined
  #isPatienceOver = false

  constructor(options: GroupCommitOptions) {
    this.#options = options
    this.#maxWrites = options.maxWrites
  }

  write(write: Write, signal?: AbortSignal): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed)
      if (signal?.aborted) return reject(cancelled(signal))
      const nowMs = this.#options.clock.monotonicMs()
      const pending: PendingWrite = {
        write,
        dueMs: nowMs + this.#options.waitMs,
        resolve: (result) => {
          signal?.removeEventListener('abort', abort)
          resolve(result)
        },
        reject: (error) => {
          signal?.removeEventListener('abort', abort)
          reject(error as Error)
        },
      }
      const abort = (): void => {
        const index = this.#queue.indexOf(pending)
        if (index >= 0) this.#queue.splice(index, 1)
        reject(cancelled(signal))
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#queue.push(pending)
      this.#company.came(this.#queue.length + this.#underWay, nowMs)
      this.#schedule()
      this.#time()
    })
  }

  /** Those who wait are told that the storage is closed; what is under way may still happen. */
  close(fault: Fault): void {
    this.#closed = fault
    for (const pending of this.#queue.splice(0)) pending.reject(fault)
  }

  /** One timer for all that wait: it looks at the oldest. */
  #time(): void {
    const oldest = this.#queue[0]
    if (this.#isTiming || oldest === undefined) return
    this.#isTiming = true
    const { clock, waitMs } = this.#options
    clock.after(Math.max(1, oldest.dueMs - clock.monotonicMs()), () => {
      this.#isTiming = false
      const now = clock.monotonicMs()
      const late = this.#queue.filter(({ dueMs }) => dueMs <= now)
      if (late.length > 0) this.#queue = this.#queue.filter(({ dueMs }) => dueMs > now)
      for (const pending of late) pending.reject(new NotWritten('unavailable', `the storage is taken up by other writes or hangs: a write waited ${waitMs / 1000} s and was not sent`))
      this.#time()
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    if (!this.#mayBegin()) return this.#waitForCompany()
    if (this.#company.isAlone(this.#options.clock.monotonicMs())) return this.#begin()
    this.#scheduled = true
    this.#options.soon(() => {
      this.#scheduled = false
      if (this.#mayBegin()) this.#begin()
      else this.#waitForCompany()
    })
  }

  #begin(): void {
    const batch = takeBatch(this.#queue, { maxWrites: this.#maxWrites, maxBytes: this.#options.maxBytes })
    if (batch.length > 0) void this.#commit(batch)
    this.#schedule()
  }

  #mayBegin(): boolean {
    const waiting = this.#queue.length
    if (waiting === 0 || this.#inFlight >= this.#options.maxInFlight) return false
    const enough = Math.min(ENOUGH_WRITES, this.#maxWrites)
    if (this.#inFlight > 0) return this.#isSlow || waiting >= enough
    return this.#isPatienceOver || waiting >= Math.min(enough, this.#company.goal(this.#options.clock.monotonicMs()))
  }

  /** Nothing is under way, and those who wait are few beside those who wrote a moment ago. */
  #waitForCompany(): void {
    if (this.#cancelPatience || this.#inFlight > 0 || this.#queue.length === 0) return
    const { clock } = this.#options
    this.#cancelPatience = clock.after(this.#company.patienceMs(clock.monotonicMs()), () => {
      this.#cancelPatience = undefined
      this.#isPatienceOver = true
      if (this.#queue.length === 1) this.#company.stoodUp()
      this.#schedule()
    })
  }

  /** Looks again when the newest transaction has been under way for long. */
  #watchSlowness(): void {
    this.#cancelSlow()
    this.#isSlow = false
    if (this.#inFlight === 0 || this.#inFlight >= this.#options.maxInFlight) return
    this.#cancelSlow = this.#options.clock.after(SLOW_MS, () => {
      this.#isSlow = true
      this.#schedule()
    })
  }

  async #commit(batch: ReadonlyArray<Placed<PendingWrite>>): Promise<void> {
    this.#inFlight++
    this.#underWay += batch.length
    this.#cancelPatience?.()
    this.#cancelPatience = undefined
    this.#isPatienceOver = false
    this.#watchSlowness()
    try {
      const results = await this.#options.commit(batch)
      for (const [index, { write }] of batch.entries()) write.resolve(results[index] as WriteResult)
    } catch (error) {
      if (error instanceof BatchTooLarge && this.#maxWrites > SAFE_WRITES && !this.#closed) {
        this.#maxWrites = SAFE_WRITES
        this.#queue.unshift(...batch.map((placed) => placed.write))
      } else if (isFault(error, 'exhausted') && batch.some(isDelete) && !batch.every(isDelete)) {
        for (const { write } of batch.filter((placed) => !isDelete(placed))) write.reject(error)
        await this.#commit(batch.filter(isDelete))
      } else {
        for (const { write } of batch) write.reject(error)
      }
    } finally {
      this.#inFlight--
      this.#underWay -= batch.length
      this.#watchSlowness()
      this.#schedule()
    }
  }
}

/** What makes room must not fail with what needs room. */
const isDelete = ({ write }: Placed<PendingWrite>): boolean => write.write.kind === 'delete'

const cancelled = (signal: AbortSignal | undefined): Fault => new Fault('cancelled', 'the caller gave up; the write may still happen', { cause: signal?.reason })
