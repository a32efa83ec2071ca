/**
 * Whether a node still has the right to run pods. PURE, and the one decider of that question: the control plane asks it before it gives a node's
 * pods to others ({@link judgeNode}), the node before it goes on running them ({@link rightToRun}). docs/adr/0005-fencing.md has the messages and
 * the proof: when the control plane says `expired`, the node's right has ended already; and no right ends by the control plane's absence alone.
 *
 * The right is a lease in time, on each side's own boot-time clock, apart from the Kubernetes `Lease` objects. It is granted by the leader's answers
 * (acks) to the node's heartbeats: for the control plane it ends `leaseMs` after it **sent** the last ack, for the node `leaseMs` after it **sent** the
 * heartbeat that was acked. A heartbeat is sent before its ack, so the node's end comes first.
 */
import { lostAfterMs, type FencingTerms } from './fencing-terms.ts'

/** The nodes that decide together, and by which times. A new epoch replaces an old one only after all that remain have acked it. */
export interface Membership {
  readonly epoch: number
  /** Names of the registered nodes with an agent that are not fenced. */
  readonly members: readonly string[]
  readonly terms: FencingTerms
}

/** Put on a fenced node: its pods that do not tolerate this are removed by force and replaced. */
export const OUT_OF_SERVICE_TAINT = { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' } as const

// ---- the control plane's half

/** What the leader knows of a member. Times are ms of its own boot-time clock. */
export interface Sighting {
  /** When the last ack to it was sent; `undefined`: this leader has sent none. */
  readonly ackSentMs?: number | undefined
  /** When the newest ack was sent that it has echoed: proof that acks arrive. */
  readonly echoedAckSentMs?: number | undefined
}

export interface LeaderView {
  /** Every membership that some member may still decide by: the last one all acked, and what was proposed since. Newest last. */
  readonly inUse: readonly Membership[]
  readonly sightings: ReadonlyMap<string, Sighting>
  /** Since when it has been, without a gap, not blind; `undefined`: it is blind now, or has just begun to lead. */
  readonly clearSinceMs: number | undefined
  readonly nowMs: number
}

/** How many of a membership the leader sees now. */
export interface Vision {
  readonly blind: boolean
  /** Of the membership that is seen worst. */
  readonly seen: number
  readonly of: number
}

/** Fewer than half of any membership in use are seen: then it may be this control plane that is cut off, and it may not judge. */
export function visionOf({ inUse, sightings, nowMs }: Pick<LeaderView, 'inUse' | 'sightings' | 'nowMs'>): Vision {
  const seenMs = Math.min(...inUse.map(({ terms }) => terms.seenMs))
  const isSeen = (name: string): boolean => {
    const sentMs = sightings.get(name)?.echoedAckSentMs
    return sentMs !== undefined && nowMs - sentMs < seenMs
  }
  let worst: Vision = { blind: false, seen: 0, of: 0 }
  for (const { members } of inUse) {
    const seen = members.filter(isSeen).length
    const vision = { blind: 2 * seen < members.length, seen, of: members.length }
    if (worst.of === 0 || vision.seen * worst.of < worst.seen * vision.of) worst = vision
  }
  return worst
}

export type Verdict =
  /** Its right lasts until then, as far as is known now. */
  | { readonly kind: 'held'; readonly untilMs: number }
  /** Silent beyond its lease, but the control plane sees too few to decide. */
  | { readonly kind: 'undecided'; readonly vision: Vision }
  /** Nothing of it runs any more: fence it. `sinceMs`: when its right ended. */
  | { readonly kind: 'expired'; readonly sinceMs: number; readonly vision: Vision }

/** May the node's pods be started elsewhere? Every lease counts anew from the moment blindness ended. */
export function judgeNode(view: LeaderView, name: string): Verdict {
  const { inUse, sightings, clearSinceMs, nowMs } = view
  if (inUse.length === 0) return { kind: 'undecided', vision: visionOf(view) }
  const leaseMs = Math.max(...inUse.map(({ terms }) => terms.leaseMs))
  const sentMs = sightings.get(name)?.ackSentMs ?? Number.NEGATIVE_INFINITY
  if (nowMs < sentMs + leaseMs) return { kind: 'held', untilMs: sentMs + leaseMs }
  const vision = visionOf(view)
  if (vision.blind || clearSinceMs === undefined) return { kind: 'undecided', vision }
  const endMs = Math.max(sentMs, clearSinceMs) + leaseMs
  return nowMs < endMs ? { kind: 'held', untilMs: endMs } : { kind: 'expired', sinceMs: endMs, vision }
}

/**
 * Whether it comes back only now that it has stopped its pods, as far as is known here: its next ack would come too late for them. Never because this control plane was away
 * itself: what counts is the time since the last ack, or since blindness ended.
 */
export function hasLapsed({ inUse, sightings, clearSinceMs, nowMs }: LeaderView, name: string): boolean {
  const terms = inUse.at(-1)?.terms
  const sentMs = sightings.get(name)?.ackSentMs
  if (!terms || sentMs === undefined || clearSinceMs === undefined) return false
  return nowMs - Math.max(sentMs, clearSinceMs) >= terms.leaseMs - terms.killMs - terms.heartbeatPeriodMs / 2
}

/** A node that lapses again and again is given up, so that its pods run somewhere for good: the time that counts as "again", and the lapse that is one too many. */
export const LAPSE_MEMORY_MS = 30_000
export const LAPSES_TOO_MANY = 3

/** The memberships still in use, given the newest epoch that each has acked: older ones go when all members of the newest one have acked it. */
export function stillInUse(inUse: readonly Membership[], ackedEpoch: (name: string) => number | undefined): readonly Membership[] {
  const newest = inUse.at(-1)
  if (!newest || inUse.length === 1) return inUse
  return newest.members.every((name) => (ackedEpoch(name) ?? -1) >= newest.epoch) ? [newest] : inUse
}

// ---- the node's half

/** A peer's answer to "have you lost the control plane too?". Only answers to questions that were asked since this node decides by its present epoch count. */
export interface PeerAnswer {
  /** The epoch the peer decides by (0: none). It need not be the asker's own: that no ack came is true whatever the peer decides by. */
  readonly epoch: number
  /** It has received no ack for {@link lostAfterMs} by the asker's terms; of a machine that has received none since it booted, for so long since then. */
  readonly isLost: boolean
  /** When the question was sent, on the asker's clock. */
  readonly askedMs: number
  /** When the newest question was sent that it answered with "lost": that counts for `answerMs`, whatever it says now. */
  readonly lostAskedMs?: number | undefined
}

/** What is known of a peer after one more answer; answers may overtake each other. */
export function answerAfter(before: PeerAnswer | undefined, answer: PeerAnswer): PeerAnswer {
  const newest = before && before.askedMs > answer.askedMs ? before : answer
  const lostMs = Math.max(before ? lostAskedMs(before) : Number.NEGATIVE_INFINITY, lostAskedMs(answer))
  return { epoch: newest.epoch, isLost: newest.isLost, askedMs: newest.askedMs, ...(Number.isFinite(lostMs) ? { lostAskedMs: lostMs } : {}) }
}

const lostAskedMs = (answer: PeerAnswer): number => answer.lostAskedMs ?? (answer.isLost ? answer.askedMs : Number.NEGATIVE_INFINITY)

export interface NodeView {
  readonly self: string
  /** `undefined`: none was ever told, so no right was ever granted. */
  readonly membership: Membership | undefined
  /** When the newest acked heartbeat was sent, and when an ack last came. */
  readonly heartbeatSentMs?: number | undefined
  readonly ackReceivedMs?: number | undefined
  /** Of each peer, by {@link answerAfter}. */
  readonly answers: ReadonlyMap<string, PeerAnswer>
  /** The latest that {@link provenMs} has answered in this boot: whoever forgets it loses no more than time. */
  readonly provenMs?: number | undefined
  /** The right has ended before and no ack has come since: only an ack can bring it back. */
  readonly hasEnded: boolean
  readonly nowMs: number
}

export type RunRight =
  /** By a lease; `untilMs` is later than its end when a majority has lost the control plane meanwhile. */
  | { readonly kind: 'held'; readonly untilMs: number }
  /** Past its lease, but less than a lease ago a majority had lost the control plane. `lost` of `of` members: now. */
  | { readonly kind: 'kept'; readonly untilMs: number; readonly lost: number; readonly of: number }
  /** Its pods must be dead. `contradictedBy`: a peer that still hears the control plane. */
  | { readonly kind: 'ended'; readonly lost: number; readonly of: number; readonly contradictedBy?: string | undefined }
  /** No lease was granted since the start of this machine. */
  | { readonly kind: 'none' }

/** Has this node itself lost the control plane? What it answers its peers. */
export const hasLostControlPlane = ({ membership, ackReceivedMs, nowMs }: Pick<NodeView, 'membership' | 'ackReceivedMs' | 'nowMs'>): boolean =>
  membership !== undefined && ackReceivedMs !== undefined && nowMs - ackReceivedMs >= lostAfterMs(membership.terms)

/** May this node run pods, and until when if nothing new is heard? Its pods must be dead at `untilMs`. */
export function rightToRun(view: NodeView): RunRight {
  const { membership, heartbeatSentMs, hasEnded, nowMs } = view
  if (!membership || heartbeatSentMs === undefined) return { kind: 'none' }
  const { leaseMs } = membership.terms
  const tally = tallyOf(view, membership)
  const endMs = heartbeatSentMs + leaseMs
  const untilMs = isAlone(view) ? Number.POSITIVE_INFINITY : Math.max(endMs, (provenMs(view) ?? Number.NEGATIVE_INFINITY) + leaseMs)
  if (!hasEnded && nowMs < endMs) return { kind: 'held', untilMs }
  if (!hasEnded && nowMs < untilMs) return { kind: 'kept', untilMs, lost: tally.lost, of: tally.of }
  const { lostMs: _, ...said } = tally
  return { kind: 'ended', ...said }
}

/** Whoever is silent as the only member makes the control plane blind: it is never judged, so it need not stop, not even while its agent is dead. */
const isAlone = ({ membership, self }: NodeView): boolean => membership?.members.length === 1 && membership.members[0] === self

/**
 * The newest moment of which it is proven that the control plane was blind at or after it: a strict majority, this node included, had lost it. Judging
 * begins a lease after blindness ends, so such a moment is worth a lease from then on, as an ack is. `undefined`: there was none.
 */
export function provenMs(view: NodeView): number | undefined {
  const { membership } = view
  if (!membership) return view.provenMs
  // Now it is seen, by an ack that was sent less than S ago, or the control plane is blind.
  if (isAlone(view)) return Math.max(view.nowMs - membership.terms.seenMs, view.provenMs ?? Number.NEGATIVE_INFINITY)
  const { lost, of, lostMs } = tallyOf(view, membership)
  if (2 * lost <= of) return view.provenMs
  // As many as are wanted beside its own, the newest; the moments they speak of lie between the oldest of their questions and now.
  const oldestMs = lostMs[Math.floor(of / 2) - 1] ?? view.nowMs
  return Math.max(oldestMs, view.provenMs ?? Number.NEGATIVE_INFINITY)
}

interface Tally {
  /** Of the members, this node included: how many have lost the control plane. None counts unless this node has. */
  readonly lost: number
  readonly of: number
  /** A peer that says now that it hears the control plane. */
  readonly contradictedBy?: string
  /** When those others were asked, newest first. */
  readonly lostMs: readonly number[]
}

/** An answer "lost" counts for its whole time, also when that peer or another hears the control plane again: the proof wants no more. */
function tallyOf(view: NodeView, { members, terms }: Membership): Tally {
  const { self, answers, nowMs } = view
  const isFresh = (askedMs: number): boolean => nowMs < askedMs + terms.answerMs
  const others = members.flatMap((name) => {
    const answer = name === self ? undefined : answers.get(name)
    return answer ? [{ name, ...answer }] : []
  })
  const isLost = hasLostControlPlane(view) && members.includes(self)
  const lostMs = isLost ? others.map(lostAskedMs).filter(isFresh).toSorted((a, b) => b - a) : []
  const contradictedBy = others.find((answer) => !answer.isLost && isFresh(answer.askedMs))?.name
  return { lost: isLost ? 1 + lostMs.length : 0, of: members.length, ...(contradictedBy === undefined ? {} : { contradictedBy }), lostMs }
}
