/**
 * Who leads. Of all processes that campaign for a name at most one holds its key; whoever sees no sign of life of the holder for as long as the lease
 * lasts, by its own clock, removes the key and makes its own. Leading is a belief that can be late; what makes it safe is that every write of a leader
 * carries its {@link Leadership.guard}, and that acks are given only while {@link Leadership.isConfirmed}.
 */
import type { Guard } from '../storage/port.ts'

/** A process that would lead. */
export interface Candidate {
  /** What people call it; one name per replica. */
  readonly identity: string
  /** `host:port` where agents and other replicas reach it. */
  readonly address: string
  /**
   * The machine, as the kernel tells it apart. A key with the same three names can only be of a process before this one, which is dead: whoever campaigns
   * holds the port of `address` on `machine` already, and no two processes can. So it is taken over without waiting.
   */
  readonly machine: string
}

export interface Leader {
  readonly identity: string
  readonly address: string
}

export interface Leadership extends Leader {
  /** For every write that only the leader may make. */
  readonly guard: Guard
  /** Aborts when the leadership is over: resigned, or the key is gone. Never because a renewal is late. The reason is a `Fault('deposed')`. */
  readonly signal: AbortSignal
  /** Until then nobody else can lead, on this process's monotonic clock, as far as is known now. */
  confirmedUntilMs(): number
  /** Calls with {@link confirmedUntilMs} now and after each renewal. The answer unsubscribes. */
  onConfirmed(listener: (untilMs: number) => void): () => void
  /** Whether nobody else can lead at this moment. `false`: it may be so all the same, but no ack may be given and nothing believed. */
  isConfirmed(): boolean
  /** Gives it up, so that another can lead at once. */
  resign(): Promise<void>
}

export interface Election {
  /** Keeps an eye on the key until the signal aborts: without it nobody notices that a leader has died. */
  run(signal: AbortSignal): Promise<void>
  /** Waits until this process leads; however often the storage is away meanwhile. Throws `Fault('cancelled')` when the signal aborts. */
  campaign(signal: AbortSignal): Promise<Leadership>
  /** How long a lease is now: as asked for over a quick storage, longer over a slow one. Whoever writes for others to see that it lives does so in time with it. */
  leaseMs(): number
  /** Who leads, as last seen; `undefined`: nobody, or not known yet. */
  leader(): Leader | undefined
  /** Called when what {@link leader} answers may have changed. The answer unsubscribes. */
  onChange(listener: () => void): () => void
}
