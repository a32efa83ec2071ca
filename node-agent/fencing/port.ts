/**
 * The node's right to run pods. A keeper in a worker thread sends heartbeats, asks peers when acks stay away, and writes the moment at which the pods must be
 * dead to a file; a fencer, a process outside the agent, kills them when that moment passes, whatever state the agent is in. The pods' workers ask
 * before they start anything.
 */
import type { Membership, RunRight } from '../../shared/model/fencing.ts'

export interface PodRight {
  /** Whether containers may be started at this moment. */
  mayRun(): boolean
  /** As the keeper last decided, for conditions and events. */
  right(): RunRight
  /** Called when the right is granted, kept, or has ended. The answer unsubscribes. */
  onChange(listener: (right: RunRight) => void): () => void
}

/** Always has the right: for tests of what does not concern fencing. */
export const unlimitedRight: PodRight = { mayRun: () => true, right: () => ({ kind: 'held', untilMs: Number.POSITIVE_INFINITY }), onChange: () => () => {} }

/** What the fencer obeys; it outlives the agent. Boot-time clock, ms. */
export interface DeadlineStore {
  /** From then on everything in the pods' control group is killed, again and again, until a later deadline stands there. */
  setDeadline(killAtMs: number): void
  /** Pods (by uid) that are spared, because they tolerate `node.kubernetes.io/out-of-service`. */
  setExempt(podUids: readonly string[]): void
  /** What an agent before this one left: a restart takes the lease over where it was. */
  read(): { readonly killAtMs: number | undefined; readonly state: KeeperState | undefined }
  setState(state: KeeperState): void
}

/** What the keeper of a restarted agent goes on with; valid only under the same boot id and node name. */
export interface KeeperState {
  readonly nodeName: string
  readonly bootId: string
  readonly membership: Membership
  readonly peerAddresses: Readonly<Record<string, string>>
  readonly heartbeatSentMs: number
  readonly ackReceivedMs: number
  readonly provenMs?: number | undefined
  readonly hasEnded: boolean
}
