/**
 * Whether a node still has the right to run pods. PURE, and the one decider of that question: the control plane asks it before it gives a node's
 * pods to others, the node's agent before it goes on running them.
 *
 * The right is a lease in time, `leaseMs` long, on each side's own boot-time clock. It is granted by the leader's answers (acks) to the node's
 * heartbeats, and ends:
 * - for the control plane `leaseMs` after it **sent** the last ack,
 * - for the node `leaseMs` after it **sent** the heartbeat that was last acked.
 *
 * A heartbeat is sent before its ack, so the node's end comes first, by as much as the heartbeat took to arrive, whatever the clocks show: when the
 * control plane calls the lease expired the node has stopped its pods (or its fencer has).
 *
 * What is not here yet: that a node past its lease keeps its pods while a majority of the members lost the control plane as well, and that the
 * control plane fences nobody while it is blind.
 */

export interface LeaseTerms {
  /** How long one ack lasts. */
  readonly leaseMs: number
}

/** As the control plane knows it. Times are ms of its boot-time clock. */
export interface GrantedLease extends LeaseTerms {
  /** When the last ack was sent; absent: this control plane has granted none. */
  readonly lastAckSentMs?: number | undefined
}

/** As the node knows it. Times are ms of its boot-time clock. */
export interface HeldLease extends LeaseTerms {
  /** When the heartbeat was sent whose ack came last; absent: none has come. */
  readonly ackedHeartbeatSentMs?: number | undefined
}

export type LeaseState =
  /** The node may run its pods until then. */
  | { readonly kind: 'held'; readonly untilMs: number }
  | { readonly kind: 'expired'; readonly sinceMs: number }
  /** Nothing was granted, so nothing can expire. */
  | { readonly kind: 'none' }

/** For the control plane: may the node's pods be started elsewhere (`expired`)? */
export const grantedLeaseState = ({ lastAckSentMs, leaseMs }: GrantedLease, nowMs: number): LeaseState => stateOf(lastAckSentMs, leaseMs, nowMs)

/** For the node: must it stop its pods (`expired`)? */
export const heldLeaseState = ({ ackedHeartbeatSentMs, leaseMs }: HeldLease, nowMs: number): LeaseState => stateOf(ackedHeartbeatSentMs, leaseMs, nowMs)

/** The end itself is past the lease on both sides. */
function stateOf(grantedMs: number | undefined, leaseMs: number, nowMs: number): LeaseState {
  if (grantedMs === undefined) return { kind: 'none' }
  const endMs = grantedMs + leaseMs
  return nowMs < endMs ? { kind: 'held', untilMs: endMs } : { kind: 'expired', sinceMs: endMs }
}

/** Put on a node whose lease has expired: its pods that do not tolerate this are removed by force and replaced. */
export const OUT_OF_SERVICE_TAINT = { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' } as const
