/** The times that fencing rests on, and what must hold between them (docs/adr/0005-fencing.md). PURE. */

/** Durations in ms. They travel with the membership epoch, so that all who decide together decide by the same ones. */
export interface FencingTerms {
  /** Each node sends a heartbeat this often. */
  readonly heartbeatPeriodMs: number
  /** L: how long one acked heartbeat lets a node run its pods. */
  readonly leaseMs: number
  /** S: a node is seen while it echoes an ack that was sent less than this ago. */
  readonly seenMs: number
  /** V: how long a peer's answer counts, from the moment its question was sent. */
  readonly answerMs: number
  /** K: how long before the end of its right a node begins to kill its pods, so that they are dead at the end. */
  readonly killMs: number
}

export const DEFAULT_TERMS: FencingTerms = { heartbeatPeriodMs: 100, leaseMs: 1_200, seenMs: 400, answerMs: 300, killMs: 200 }

/** Clocks that are compared run equally fast to within this; real ones keep a twentieth of it. */
const CLOCK_DRIFT = 0.01

/**
 * How long without an ack before a node says that the control plane is lost: S + V (and what clocks may differ by), longer than the S after which the control plane misses a node.
 * With the same S for both, peers that lose and regain their links one after the other could each say "lost" while the control plane always saw half.
 */
export const lostAfterMs = ({ seenMs, answerMs }: FencingTerms): number => Math.ceil((seenMs + answerMs) * (1 + 2 * CLOCK_DRIFT))

/** What stays, in ms, for late timers and slow answers. */
const MARGIN_MS = 100

interface Bound {
  readonly holds: (terms: FencingTerms) => boolean
  readonly sentence: (terms: FencingTerms) => string
}

const BOUNDS: readonly Bound[] = [
  { holds: (t) => Object.values(t).every((ms) => Number.isFinite(ms) && ms > 0), sentence: () => 'all times must be numbers above 0 (ms)' },
  { holds: (t) => t.heartbeatPeriodMs >= 50, sentence: (t) => `heartbeatPeriodMs ${t.heartbeatPeriodMs} is too short: at least 50` },
  { holds: (t) => t.killMs >= 50, sentence: (t) => `killMs ${t.killMs} is too short for killing what runs: at least 50` },
  { holds: (t) => t.seenMs >= 3 * t.heartbeatPeriodMs, sentence: (t) => `seenMs ${t.seenMs} must be at least three heartbeat periods (${3 * t.heartbeatPeriodMs}): an echo is up to two periods old` },
  { holds: (t) => t.leaseMs >= t.answerMs + t.killMs + MARGIN_MS, sentence: (t) => `leaseMs ${t.leaseMs} must be at least answerMs + killMs + ${MARGIN_MS} (${t.answerMs + t.killMs + MARGIN_MS}): else a node outlives its replacement` },
  {
    holds: (t) => t.leaseMs - t.killMs >= lostAfterMs(t) + t.heartbeatPeriodMs + MARGIN_MS,
    sentence: (t) => `leaseMs ${t.leaseMs} must be at least seenMs + answerMs + killMs + heartbeatPeriodMs + ${MARGIN_MS} (${lostAfterMs(t) + t.killMs + t.heartbeatPeriodMs + MARGIN_MS}): else pods stop although only the control plane is away`,
  },
  { holds: (t) => t.leaseMs <= 600_000, sentence: (t) => `leaseMs ${t.leaseMs} is longer than ten minutes` },
]

/** Why these times cannot be used, as a sentence with the mend; `undefined` if they can. */
export const whyNotTerms = (terms: FencingTerms): string | undefined => BOUNDS.find(({ holds }) => !holds(terms))?.sentence(terms)

/** All times for a lease of another length, in the proportions of the defaults. */
export function termsForLease(leaseMs: number): FencingTerms {
  const share = (part: number): number => Math.round((part * leaseMs) / DEFAULT_TERMS.leaseMs)
  return { heartbeatPeriodMs: Math.max(50, Math.min(1_000, share(DEFAULT_TERMS.heartbeatPeriodMs))), leaseMs, seenMs: share(DEFAULT_TERMS.seenMs), answerMs: share(DEFAULT_TERMS.answerMs), killMs: Math.max(50, Math.min(1_000, share(DEFAULT_TERMS.killMs))) }
}
