import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Storage } from '../storage/port.ts'
import { formatReplica, replicaKey, type ApiAddress } from './record.ts'

export interface AnnounceOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly log: Log
  /** Of the election's keys. */
  readonly prefix: string
  readonly identity: string
  readonly api: ApiAddress
  readonly everyMs: () => number
  /** A leader is heard of by its own key. */
  readonly isLeading: () => boolean
}

/** Says that this replica lives, until the signal aborts, and takes it back then. */
export async function announceReplica({ storage, clock, log, prefix, identity, api, everyMs, isLeading }: AnnounceOptions, signal: AbortSignal): Promise<void> {
  const key = replicaKey(prefix, identity)
  let isTold = false
  for (let beats = 0; !signal.aborted; beats++) {
    try {
      if (!isLeading()) {
        isTold = true
        await storage.write({ kind: 'put', key, value: formatReplica(api, beats), expect: { kind: 'any' } }, signal)
      }
    } catch (error) {
      if (!signal.aborted) log.debug({ err: messageOf(error) }, 'the other replicas do not hear that this one lives')
    }
    await sleep(clock, everyMs(), signal).catch(() => {})
  }
  if (isTold) await storage.write({ kind: 'delete', key, expect: { kind: 'any' } }).catch(() => {})
}
