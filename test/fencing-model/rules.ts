import { hasLapsed, judgeNode, provenMs, rightToRun, stillInUse, visionOf, type LeaderView, type NodeView, type RunRight, type Verdict, type Vision } from '../../shared/model/fencing.ts'
import type { Random } from '../../shared/kit/random.ts'
import { FEW_PEERS } from '../../shared/model/fencing-questions.ts'
import { happens } from '../sim/chance.ts'
import { lostAfterMs } from '../../shared/model/fencing-terms.ts'

/** What the two halves go by: the deciders, and what the rooms around them must do. A mistake is one of these done otherwise. */
export interface Rules {
  // the control plane
  readonly visionOf: (view: Pick<LeaderView, 'inUse' | 'sightings' | 'nowMs'>) => Vision
  readonly judgeNode: (view: LeaderView, name: string) => Verdict
  readonly stillInUse: typeof stillInUse
  /** A node that lapses again and again is acked no more until it is judged. */
  readonly hasLapsed: typeof hasLapsed
  /** Every lease counts from the end of the first blindness of a leadership. */
  readonly beginsBlind: boolean
  /** Acks stop when the leadership is no longer certain. */
  readonly heedsCertainty: boolean
  /** A beat is acked only if it says an epoch that is in use. */
  readonly acksInUseOnly: boolean
  /** An ack is echoed by a number that no other leader gives. */
  readonly numbersAcks: boolean
  /** A beat that comes after a newer one counts for nothing. */
  readonly ignoresOldBeats: boolean
  /** Every beat counts as a sign that acks arrive. */
  readonly seesByBeats: boolean
  /** Another boot id proves a reboot only on a connection of the machine itself. */
  readonly trustsRelayedBoots: boolean
  /** Blindness is looked at before anything is taken in. */
  readonly looksFirst: boolean
  // the node
  readonly rightToRun: (view: NodeView) => RunRight
  readonly provenMs: (view: NodeView) => number | undefined
  readonly lostAfterMs: typeof lostAfterMs
  /** Up to so many peers all are asked each time; of more, as many as a majority wants. */
  readonly fewPeers: (random: Random) => number
  /** A right that has ended stays so until an ack. */
  readonly latchesEnd: boolean
  /** Only an ack whose lease still runs brings an ended right back. */
  readonly refusesLateAcks: boolean
  /** The lease counts from when the acked beat was sent, and not from when its ack came. */
  readonly countsFromBeat: boolean
  /** A started agent numbers its beats as no other before it has. */
  readonly ownSequence: boolean
  /** What a restart needs is written before anybody is told of it. */
  readonly savesFirst: boolean
  /** Answers to questions asked before an epoch was taken over are forgotten. */
  readonly forgetsAnswers: boolean
}

export const realRules: Rules = {
  visionOf,
  judgeNode,
  stillInUse,
  hasLapsed,
  beginsBlind: true,
  heedsCertainty: true,
  acksInUseOnly: true,
  numbersAcks: true,
  ignoresOldBeats: true,
  seesByBeats: false,
  trustsRelayedBoots: false,
  looksFirst: true,
  rightToRun,
  provenMs,
  lostAfterMs,
  fewPeers: (random) => (happens(random, 0.5) ? FEW_PEERS : 0),
  latchesEnd: true,
  refusesLateAcks: true,
  countsFromBeat: true,
  ownSequence: true,
  savesFirst: true,
  forgetsAnswers: true,
}

/** As if the last ack had come this much earlier: the node calls the control plane lost so much sooner. */
const sooner = <T extends Pick<NodeView, 'membership' | 'ackReceivedMs'>>(view: T, ms: number): T => (view.ackReceivedMs === undefined ? view : { ...view, ackReceivedMs: view.ackReceivedMs - ms })
const earlyMs = ({ membership }: Pick<NodeView, 'membership'>): number => (membership ? lostAfterMs(membership.terms) - membership.terms.seenMs : 0)

const withOldAnswers = (view: NodeView): NodeView => ({ ...view, answers: new Map([...view.answers].map(([name, answer]) => [name, { ...answer, lostAskedMs: (answer.lostAskedMs ?? Number.NaN) > 0 ? view.nowMs : undefined }])) })

/** Each takes one rule away, and must break safety somewhere. */
export const mistakes: Readonly<Record<string, Partial<Rules>>> = {
  'a node says lost after S instead of S + V': { lostAfterMs: ({ seenMs }) => seenMs, provenMs: (view) => provenMs(sooner(view, earlyMs(view))), rightToRun: (view) => rightToRun(sooner(view, earlyMs(view))) },
  'a blind control plane judges': {
    judgeNode: (view, name) => {
      const [sinceMs, vision] = [(view.sightings.get(name)?.ackSentMs ?? Number.NEGATIVE_INFINITY) + Math.max(...view.inUse.map(({ terms }) => terms.leaseMs)), visionOf(view)]
      return view.nowMs < sinceMs ? { kind: 'held', untilMs: sinceMs } : { kind: 'expired', sinceMs, vision }
    },
  },
  'the control plane fences right after its start': { beginsBlind: false },
  'two replicas ack': { heedsCertainty: false },
  'an old epoch is dropped before all have acked the new one': { stillInUse: (inUse) => inUse.slice(-1) },
  'only the oldest epoch is looked at': { visionOf: (view) => visionOf({ ...view, inUse: view.inUse.slice(0, 1) }), judgeNode: (view, name) => judgeNode({ ...view, inUse: view.inUse.slice(0, 1) }, name) },
  'only the newest epoch is looked at': { visionOf: (view) => visionOf({ ...view, inUse: view.inUse.slice(-1) }), judgeNode: (view, name) => judgeNode({ ...view, inUse: view.inUse.slice(-1) }, name) },
  'every beat counts as an echo (one-way loss)': { seesByBeats: true },
  'old answers count': { provenMs: (view) => provenMs(withOldAnswers(view)), rightToRun: (view) => rightToRun(withOldAnswers(view)) },
  'a right comes back without an ack': { latchesEnd: false },
  'a late ack brings an ended right back': { refusesLateAcks: false },
  'the lease counts from the ack': { countsFromBeat: false },
  'every agent numbers its beats from 1': { ownSequence: false },
  'what a restart needs is saved once a second': { savesFirst: false },
  'a relayed hello of the past proves a reboot': { trustsRelayedBoots: true },
}

/** What a node goes by if a proof is worth less than a lease. */
const provenWorth = (view: NodeView, worthMs: number): NodeView => {
  const leaseMs = view.membership?.terms.leaseMs ?? 0
  const proven = provenMs(view)
  return { ...view, answers: new Map(), provenMs: proven === undefined ? undefined : proven - leaseMs + worthMs }
}

/** Each stops pods although only the control planes are away. */
export const timidities: Readonly<Record<string, Partial<Rules>>> = {
  'a lease alone counts': { rightToRun: (view) => rightToRun(provenWorth(view, 0)) },
  'a proof is worth as long as an answer': { rightToRun: (view) => rightToRun(provenWorth(view, view.membership?.terms.answerMs ?? 0)) },
  'that the control plane was away counts as a lapse': { hasLapsed: (view, name) => hasLapsed({ ...view, clearSinceMs: Number.NEGATIVE_INFINITY }, name) },
  'only answers under the same epoch count': {
    provenMs: (view) => provenMs(ofOneEpoch(view)),
    rightToRun: (view) => rightToRun(ofOneEpoch(view)),
  },
}

const ofOneEpoch = (view: NodeView): NodeView => ({ ...view, answers: new Map([...view.answers].filter(([, { epoch }]) => epoch === view.membership?.epoch)) })
