import { backoffMs, type BackoffPolicy } from '../../shared/kit/backoff.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { ALARM, COMPACT, DEFRAGMENT, STATUS } from './etcd-grpc/messages.ts'
import { openEtcd, type EtcdAddress, type EtcdClient } from './etcd-client.ts'

export interface SpaceOptions {
  readonly address: EtcdAddress
  readonly clock: Clock
  readonly log: Log
  /** The history before this mod revision has been forgotten. */
  onCompacted(modRevision: number): void
}

/** `AlarmAction` and `AlarmType` of etcd's protocol. */
const GET = 0
const DEACTIVATE = 2
const NOSPACE = 1

/** The first try waits for nothing else; where room is still missing the next ones come ever later: giving back space makes a member wait. */
const retries: BackoffPolicy = { baseMs: 500, capMs: 30_000, factor: 3 }
/** A full etcd that is full again this soon after it was given room is the same trouble. */
const SAME_TROUBLE_MS = 120_000
const DEFRAGMENT_MS = 120_000

/**
 * Makes room in an etcd that is full, without a hand: forgets the history (which is most of what fills it), gives the pages back member by member, and
 * takes the alarm away, under which etcd refuses every write. If objects alone fill it the alarm comes back, and deleting some is what helps: deletes
 * are taken even then.
 */
export class SpaceKeeper {
  readonly #options: SpaceOptions
  readonly #over = new AbortController()
  #working = false
  #tries = 0
  #triedAtMs = Number.NEGATIVE_INFINITY

  constructor(options: SpaceOptions) {
    this.#options = options
  }

  /** A write was refused for want of room. Returns at once. */
  full(): void {
    if (this.#working || this.#over.signal.aborted) return
    this.#working = true
    void this.#makeRoom().finally(() => {
      this.#working = false
    })
  }

  close(): void {
    this.#over.abort()
  }

  async #makeRoom(): Promise<void> {
    const { clock, log } = this.#options
    if (clock.monotonicMs() - this.#triedAtMs > SAME_TROUBLE_MS) this.#tries = 0
    for (let isDone = false; !isDone; ) {
      await sleep(clock, backoffMs(retries, ++this.#tries), this.#over.signal).catch(() => {})
      if (this.#over.signal.aborted) return
      try {
        await this.#try()
        isDone = true
      } catch (error) {
        log.warn({ err: messageOf(error) }, 'etcd is full, and no room could be made now')
      }
      this.#triedAtMs = clock.monotonicMs()
    }
  }

  async #try(): Promise<void> {
    const { address, clock, log } = this.#options
    const members = address.endpoints.map((endpoint) => openEtcd({ ...address, endpoints: [endpoint], callMs: DEFRAGMENT_MS }, clock))
    try {
      const any = await firstOf(members, async (member) => ({ member, status: await member.call(STATUS, undefined) }))
      const modRevision = any.status.revision
      await any.member.call(COMPACT, { revision: modRevision, physical: true }).catch((error: unknown) => {
        // Somebody else was quicker.
        if (!/has been compacted/.test(messageOf(error))) throw error
      })
      this.#options.onCompacted(modRevision)
      // One after the other: a majority goes on answering.
      for (const member of members) await member.call(DEFRAGMENT, undefined).catch((error: unknown) => log.warn({ err: messageOf(error) }, 'a member of etcd did not give its space back'))
      for (const memberId of await any.member.call(ALARM, { action: GET, alarm: NOSPACE })) await any.member.call(ALARM, { action: DEACTIVATE, alarm: NOSPACE, memberId })
      log.warn({ beforeBytes: any.status.dbSize, afterBytes: (await any.member.call(STATUS, undefined)).dbSize }, 'etcd was full: its history was dropped, and it takes writes again')
    } finally {
      for (const member of members) member.close()
    }
  }
}

/** Asks one after the other until one answers. */
async function firstOf<T>(members: readonly EtcdClient[], ask: (member: EtcdClient) => Promise<T>): Promise<T> {
  let last: unknown
  for (const member of members) {
    try {
      return await ask(member)
    } catch (error) {
      last = error
    }
  }
  throw last
}
