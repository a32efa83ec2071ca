/**
 * Who leads. Of all processes that campaign for a name at most one holds its key, which lives as long as a lease in the storage is
 * renewed. Leading is a belief that can be late; what makes it safe is that every write of a leader carries its {@link Leadership.guard},
 * and that acks are given only while {@link Leadership.confirmedAtMs} is young.
 */
import type { Guard } from '../storage/port.ts'

export interface Leader {
  /** As it called itself when it campaigned. */
  readonly identity: string
  /** etcd's create revision of its key: grows with every new leadership. */
  readonly createRevision: number
}

export interface Leadership extends Leader {
  /** For every write that only the leader may make. */
  readonly guard: Guard
  /** Aborts when the leadership is over: resigned, not renewed in time, or taken away. The reason is a `Fault('deposed')`. */
  readonly signal: AbortSignal
  /** When the newest renewal that succeeded was *sent*, on the boot-time clock: until then plus the lease's length nobody else can lead. */
  confirmedAtMs(): number
  /** Gives it up, so that another can lead at once. */
  resign(): Promise<void>
}

export interface Election {
  /** Waits until `identity` leads; however often the storage is away meanwhile. Throws `Fault('cancelled')` when the signal aborts. */
  campaign(identity: string, signal: AbortSignal): Promise<Leadership>
  /** The leader of now (`undefined`: nobody), then each change, until the signal aborts. */
  leaders(signal: AbortSignal): AsyncIterable<Leader | undefined>
}

/** Keys that live only while somebody renews them. The real part of an election: etcd's leases, or timers beside the memory storage. */
export interface Leases {
  /** Creates the key with a lease of its own, if there is none; `undefined` otherwise. Throws `Fault('unavailable' | 'timeout')`. */
  acquire(request: LeaseRequest): Promise<HeldKey | undefined>
}

export interface LeaseRequest {
  readonly key: string
  /** JSON text. */
  readonly value: string
  /** The least time it lives without being renewed; etcd rounds up to seconds. */
  readonly ttlMs: number
}

export interface HeldKey {
  readonly createRevision: number
  /** `false`: the lease has ended and the key is gone. Throws `Fault('unavailable' | 'timeout')`. */
  renew(): Promise<boolean>
  /** Ends the lease and with it the key. */
  release(): Promise<void>
}
