/** What the main thread and the thread of heartbeats tell each other. */
import type { TlsFiles } from '../../proto/rpc.ts'
import type { Membership, Vision } from '../../shared/model/fencing.ts'
import type { AdmittedNode, FenceEvidence, LeadStart, NodeSight } from './port.ts'
import type { HeartbeatAddress } from './server.ts'
import type { AckLimit } from './tracker.ts'

/** Given to the thread at its start. */
export interface ThreadStart {
  readonly addresses: readonly HeartbeatAddress[]
  readonly tls: TlsFiles
  readonly limit: SharedArrayBuffer
  readonly sessionGraceMs?: number | undefined
}

export type ToThread =
  | { readonly kind: 'lead'; readonly start: LeadStart; readonly leadership: number }
  | { readonly kind: 'follow' }
  /** Whom to hand heartbeats on to. */
  | { readonly kind: 'leader'; readonly address: string | undefined }
  | { readonly kind: 'membership'; readonly inUse: readonly Membership[] }
  | { readonly kind: 'admit'; readonly node: AdmittedNode }
  | { readonly kind: 'fence'; readonly nodeName: string; readonly evidence: Exclude<FenceEvidence, { readonly kind: 'lease-ended' }> }
  | { readonly kind: 'forget'; readonly nodeName: string }
  | { readonly kind: 'session'; readonly nodeName: string; readonly isOpen: boolean; readonly bootId?: string | undefined }
  | { readonly kind: 'stop' }

/** What is heard carries the number of the leadership it was heard in: what is under way when it ends is of no interest to the next. */
export type FromThread =
  | { readonly kind: 'listening'; readonly ports: readonly number[] }
  | { readonly kind: 'cannot-listen'; readonly message: string }
  | { readonly kind: 'sight'; readonly leadership: number; readonly nodeName: string; readonly sight: NodeSight }
  | { readonly kind: 'epoch'; readonly leadership: number; readonly nodeName: string; readonly epoch: number }
  | { readonly kind: 'vision'; readonly leadership: number; readonly vision: Vision }
  | { readonly kind: 'trouble'; readonly message: string }

export const LIMIT_BYTES = 16

/**
 * One moment of the boot-time clock that both threads see at once, in µs, and the leadership it is of: messages are slower, and a thread that has not heard yet of
 * the end of one leadership must not ack by the certainty of the next.
 */
export function sharedLimit(buffer: SharedArrayBuffer, leadership: () => number): AckLimit {
  const cells = new BigInt64Array(buffer)
  return {
    untilMs() {
      // In this order: a moment that was read before another leadership began is not taken for that one's.
      const untilUs = Atomics.load(cells, 0)
      return Atomics.load(cells, 1) === BigInt(leadership()) ? Number(untilUs) / 1000 : Number.NEGATIVE_INFINITY
    },
    set(ms) {
      const number = BigInt(leadership())
      if (Atomics.load(cells, 1) !== number) {
        Atomics.store(cells, 0, 0n)
        Atomics.store(cells, 1, number)
      }
      Atomics.store(cells, 0, BigInt(Math.floor(Math.max(0, Math.min(ms, Number.MAX_SAFE_INTEGER / 1000)) * 1000)))
    },
  }
}
