/** Keeps the record of memberships: changes are stored, under the leader's guard, before anybody hears of them. */
import { backoffMs, type BackoffPolicy } from '../../shared/kit/backoff.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { FencingTerms } from '../../shared/model/fencing-terms.ts'
import type { Guard, Revision, Storage } from '../storage/port.ts'
import { afterChange, NOTHING_RECORDED, parseRecord, type MembershipChange, type MembershipRecord } from './record.ts'

export const MEMBERSHIP_KEY = '/gantry-fencing/membership'

const RETRY: BackoffPolicy = { baseMs: 10, capMs: 500, factor: 2 }

export interface MembershipStoreOptions {
  readonly storage: Storage
  /** Throws once the leadership is over. */
  readonly guard: () => Guard | undefined
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Log
  readonly terms: FencingTerms
  /** The record as stored now; before anybody who asked for the change hears that it is done. */
  readonly onStored: (record: MembershipRecord) => void
}

interface Pending {
  readonly change: MembershipChange
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

export class MembershipStore {
  readonly #options: MembershipStoreOptions
  #record: MembershipRecord = NOTHING_RECORDED
  #revision: Revision | undefined
  #pending: Pending[] = []
  #isWriting = false

  constructor(options: MembershipStoreOptions) {
    this.#options = options
  }

  get record(): MembershipRecord {
    return this.#record
  }

  /** Reads what is stored, however often it takes. @throws when the signal aborts. */
  async load(): Promise<MembershipRecord> {
    const { clock, signal, log } = this.#options
    for (let failures = 0; ; ) {
      signal.throwIfAborted()
      try {
        return await this.#read()
      } catch (error) {
        log[isFault(error, 'corrupt') ? 'error' : 'debug']({ err: messageOf(error) }, 'the memberships cannot be read yet: no node is acked or judged')
        await sleep(clock, backoffMs(RETRY, ++failures), signal)
      }
    }
  }

  /** Resolves when the change is stored and told. @throws Fault('deposed') when the leadership ends before that. */
  change(change: MembershipChange): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ change, done: resolve, failed: reject })
      if (!this.#isWriting) void this.#writeAll()
    })
  }

  async #read(): Promise<MembershipRecord> {
    const { storage, signal } = this.#options
    const entry = await storage.get(MEMBERSHIP_KEY, signal)
    const record = entry ? parseRecord(entry.value) : NOTHING_RECORDED
    if (!record) throw new Fault('corrupt', `${MEMBERSHIP_KEY} in etcd is not a record of memberships: delete it once all nodes but those that answer are switched off`)
    this.#record = record
    this.#revision = entry?.revision
    return record
  }

  /** What is asked for while a write is under way goes into the next one, together. */
  async #writeAll(): Promise<void> {
    this.#isWriting = true
    while (this.#pending.length > 0) {
      const taken = this.#pending
      this.#pending = []
      try {
        await this.#store(taken.map(({ change }) => change))
        for (const { done } of taken) done()
      } catch (error) {
        for (const { failed } of taken) failed(error)
      }
    }
    this.#isWriting = false
  }

  async #store(changes: readonly MembershipChange[]): Promise<void> {
    const { clock, signal, log, terms, onStored } = this.#options
    for (let failures = 0; ; ) {
      signal.throwIfAborted()
      const next = changes.reduce((record, change) => afterChange(record, change, terms), this.#record)
      if (next === this.#record) return failures === 0 ? undefined : onStored(next)
      try {
        if (await this.#write(next)) return onStored(next)
        await this.#read()
      } catch (error) {
        if (signal.aborted || isFault(error, 'deposed')) throw error
        log.warn({ err: messageOf(error) }, 'a membership is not stored yet')
        await sleep(clock, backoffMs(RETRY, ++failures), signal)
        // Whether it was written is not known: what stands there tells.
        await this.load()
      }
    }
  }

  /** `false`: something else stands there. */
  async #write(record: MembershipRecord): Promise<boolean> {
    const { storage, guard, signal } = this.#options
    const expect = this.#revision === undefined ? ({ kind: 'absent' } as const) : ({ kind: 'revision', revision: this.#revision } as const)
    const result = await storage.write({ kind: 'put', key: MEMBERSHIP_KEY, value: JSON.stringify(record), expect, guard: guard() }, signal)
    if (result.kind === 'deposed') throw new Fault('deposed', 'another control plane leads now')
    if (result.kind === 'conflict') return false
    this.#record = record
    this.#revision = result.revision
    return true
  }
}
