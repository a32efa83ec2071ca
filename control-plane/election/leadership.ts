import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { listRevision, type Guard, type Storage } from '../storage/port.ts'
import type { HeldKey, Leadership } from './port.ts'

export interface LeadershipOptions {
  readonly identity: string
  readonly held: HeldKey
  /** When the request that acquired the key was sent. */
  readonly sentAtMs: number
  readonly storage: Storage
  readonly clock: Clock
  readonly log: Log
  readonly prefix: string
  readonly ttlMs: number
}

/** Renews the lease three times in its life until the leadership is over. */
export function holdLeadership(options: LeadershipOptions): Leadership {
  const holder = new Holder(options)
  void holder.renew()
  void holder.watch()
  return holder
}

class Holder implements Leadership {
  readonly identity: string
  readonly createRevision: number
  readonly guard: Guard
  readonly #options: LeadershipOptions
  readonly #over = new AbortController()
  #confirmedAtMs: number
  #cancelExpiry: () => void = () => {}

  constructor(options: LeadershipOptions) {
    this.#options = options
    this.identity = options.identity
    this.createRevision = options.held.createRevision
    this.guard = { key: `${options.prefix}leader`, createRevision: this.createRevision }
    this.#confirmedAtMs = options.sentAtMs
    this.#awaitExpiry()
  }

  get signal(): AbortSignal {
    return this.#over.signal
  }

  confirmedAtMs(): number {
    return this.#confirmedAtMs
  }

  async resign(): Promise<void> {
    this.#end('it resigned')
    await this.#options.held.release()
  }

  async renew(): Promise<void> {
    const { clock, held, ttlMs, log } = this.#options
    let waitMs = ttlMs / 3
    while (await this.#waited(waitMs)) {
      const sentAtMs = clock.monotonicMs()
      try {
        if (!(await held.renew())) return this.#end('its lease has ended')
        this.#confirmedAtMs = sentAtMs
        waitMs = ttlMs / 3
      } catch (error) {
        log.warn({ err: messageOf(error) }, 'the leader lease was not renewed')
        waitMs = ttlMs / 20
      }
    }
  }

  /** Notices at once when somebody takes the key away. */
  async watch(): Promise<void> {
    const { storage, prefix } = this.#options
    try {
      for await (const batch of storage.watch(prefix, { after: listRevision(this.createRevision), signal: this.signal })) {
        if (batch.events.length > 0) return this.#end('its key was taken away')
      }
    } catch (error) {
      // The lease alone decides then.
      this.#options.log.debug({ err: messageOf(error) }, 'the leader key is not watched any more')
    }
  }

  /** A timer of its own, because a renewal that hangs must not keep the belief alive. */
  #awaitExpiry(): void {
    const { clock, ttlMs } = this.#options
    const leftMs = this.#confirmedAtMs + ttlMs - clock.monotonicMs()
    if (leftMs <= 0) return this.#end('its lease was not renewed in time')
    this.#cancelExpiry = clock.after(leftMs, () => this.#awaitExpiry())
  }

  async #waited(delayMs: number): Promise<boolean> {
    await sleep(this.#options.clock, delayMs, this.signal).catch(() => {})
    return !this.signal.aborted
  }

  #end(why: string): void {
    if (this.signal.aborted) return
    this.#cancelExpiry()
    this.#options.log.info({ identity: this.identity, createRevision: this.createRevision }, `not leading any more: ${why}`)
    this.#over.abort(new Fault('deposed', `${this.identity} does not lead any more: ${why}`))
  }
}
