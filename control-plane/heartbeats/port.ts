/**
 * The signs of life of nodes, and the verdict on those that give none. The room lives in a worker thread (or, in simulation, beside the rest): it alone
 * acks heartbeats and it alone judges, so that between a verdict and the last ack nothing can pass. The main thread tells it who is a member and hears
 * what it decided. Times without a name are ms of the boot-time clock.
 */
import type { Membership } from '../../shared/model/fencing.ts'

/** What is known of a node's life now. */
export type NodeSight =
  /** No agent has ever said hello, or none is a member under this name. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'seen' }
  /** Silent, and not (yet) judged: within its lease, or `undecided` because too few members are seen. */
  | { readonly kind: 'silent'; readonly sinceMs: number; readonly undecided?: { readonly seen: number; readonly of: number } | undefined; readonly rebooted?: Rebooted | undefined }
  | { readonly kind: 'fenced'; readonly evidence: FenceEvidence }

/** An agent of another boot than the one that is admitted speaks for it. */
export interface Rebooted {
  readonly bootId: string
  /** When the last that was granted under the boot that is admitted ends. */
  readonly grantedUntilMs: number
}

/** Why it is certain that nothing of a node runs. */
export type FenceEvidence =
  /** Its lease ended while the control plane saw enough of the others. */
  | { readonly kind: 'lease-ended'; readonly silentForMs: number; readonly seen: number; readonly of: number; readonly unsteady?: Unsteady | undefined }
  /** Its machine has booted anew. */
  | { readonly kind: 'rebooted'; readonly bootId: string }
  /** Somebody said so: `gantry node confirm-dead`. */
  | { readonly kind: 'confirmed'; readonly by: string }
  /** Its agent registered it and has been away since, before it was ever admitted: nothing was granted to it. The main thread alone says so, of a node that is no member. */
  | { readonly kind: 'never-admitted' }

/** It was there again too late for its pods, again and again. */
export interface Unsteady {
  readonly times: number
  readonly withinMs: number
  /** Its agent must hold a session for so long before it is admitted again. */
  readonly holdMs: number
}

export interface HeartbeatListener {
  /** A node's sight changed. After `fenced` it gets no ack until it is admitted again. */
  onSight(nodeName: string, sight: NodeSight): void
  /** The newest epoch a node has said it decides by. */
  onEpochAcked(nodeName: string, epoch: number): void
  /** The control plane became blind, or sees enough again. */
  onVision(vision: { readonly blind: boolean; readonly seen: number; readonly of: number }): void
  /** The room had to be begun anew and knows nothing: whoever leads says so again. */
  onRestart(): void
}

export interface AdmittedNode {
  readonly nodeName: string
  readonly bootId: string
  /** Whoever admits it knows that it was fenced. One that was fenced a moment ago is not admitted by somebody who has not heard of that yet. */
  readonly wasFenced?: boolean | undefined
}

export interface FencedNode {
  readonly nodeName: string
  readonly evidence: FenceEvidence
}

/** What storage held when a leadership began. */
export interface LeadStart {
  readonly inUse: readonly Membership[]
  /** Judged before, and not admitted since. */
  readonly fenced: readonly FencedNode[]
  /** The members, under the boot ids they were registered with. */
  readonly admitted: readonly AdmittedNode[]
}

/** What the main thread tells the room. Everything is forgotten when a leadership ends. */
export interface Heartbeats {
  /** Begins a leadership: blind, without sightings. */
  lead(start: LeadStart): void
  /** Ends it: no ack from now on. */
  follow(): void
  /** Acks may be given until then: until when the leadership is certain. Cheap, called at each renewal. */
  mayAckUntil(ms: number): void
  /** What members may decide by from now on. Must be stored before this is called. */
  setMembership(inUse: readonly Membership[]): void
  /**
   * The node, a member by now, is registered under this boot id and holds nothing of pods that were given to others: its beats are acked from now on. Under
   * another boot id than before: from when its lease of before is over on.
   */
  admit(node: AdmittedNode): void
  /** The verdict by a reboot, at once; by a person's word when its lease is over, unless it is seen before that. No ack after it. */
  fence(nodeName: string, evidence: Exclude<FenceEvidence, { readonly kind: 'lease-ended' }>): void
  /** The Node object is gone: no ack from now on. A member is judged all the same; if it was silent already, the deletion counts as somebody's word that it is dead. */
  forget(nodeName: string): void
  /** Whether its agent has a session: one without is acked only for a while (it may be crash-looping). `bootId`: of the agent that opens it. */
  setSession(nodeName: string, isOpen: boolean, bootId?: string): void
}

/** The room as a process holds it, whether it leads or follows. */
export interface HeartbeatsOfProcess extends Heartbeats {
  /** Who hears from now on; the one before does not any more. */
  listen(listener: HeartbeatListener): void
  /** `host:port` of the leader's heartbeats, to hand on what nodes say here; `undefined`: nobody's. */
  handOnTo(address: string | undefined): void
}
