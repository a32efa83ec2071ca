/**
 * Which peers are asked next whether they have lost the control plane. An answer counts for `answerMs` from its question, however often is asked; so this decides about cost and
 * about how soon a proof is found, and never about safety. PURE.
 */
import { lostAfterMs, type FencingTerms } from './fencing-terms.ts'

/** What is known of a peer by its answers. */
export interface AskedPeer {
  readonly name: string
  /** When it was last asked; `undefined`: never. */
  readonly askedMs?: number | undefined
  /** The newest question it answered: when that was sent, and for how long the peer had received no ack. */
  readonly answered?: { readonly askedMs: number; readonly silentMs: number } | undefined
}

/** Up to so many peers everybody is asked each time. */
export const FEW_PEERS = 20
/** Beside those that a majority wants: some may fall silent. */
const SPARE = 0.1
/** What messages and timers may take, so that a peer is not asked a moment before it can say "lost". */
const TRAVEL_MS = 10

export interface QuestionOptions {
  readonly terms: FencingTerms
  readonly nowMs: number
  readonly few?: number | undefined
}

/**
 * @param peers all others of the membership, in an order that begins elsewhere for each node, so that all are asked equally often
 *
 * Where there are many: who has said "lost" is asked again while half of its answer's time is left, who has not when it will have lost it if nothing comes, and nobody beyond those
 * that prove a majority, and some.
 */
export function whomToAsk<P extends AskedPeer>(peers: readonly P[], { terms, nowMs, few = FEW_PEERS }: QuestionOptions): readonly P[] {
  if (peers.length <= few) return peers
  const wanted = Math.ceil(((peers.length + 1) / 2) * (1 + SPARE)) + 1
  const chosen: P[] = []
  let lost = 0
  for (const peer of peers) {
    if (lost >= wanted) break
    const state = stateOf(peer, terms, nowMs)
    if (state === 'lost' || state === 'lost, again') lost++
    if (state !== 'lost' && state !== 'not yet') chosen.push(peer)
  }
  return chosen
}

function stateOf({ askedMs, answered }: AskedPeer, terms: FencingTerms, nowMs: number): 'lost' | 'lost, again' | 'not yet' | 'unknown' {
  const limitMs = lostAfterMs(terms)
  const againMs = terms.answerMs / 6
  // A question is under way.
  const isAsked = askedMs !== undefined && nowMs - askedMs < againMs - 1 && askedMs > (answered?.askedMs ?? Number.NEGATIVE_INFINITY)
  if (!answered) return isAsked ? 'not yet' : 'unknown'
  const ageMs = nowMs - answered.askedMs
  if (answered.silentMs >= limitMs) {
    if (ageMs < terms.answerMs / 2) return 'lost'
    if (ageMs < (2 / 3) * terms.answerMs) return isAsked ? 'lost' : 'lost, again'
    return isAsked ? 'not yet' : 'unknown'
  }
  return isAsked || ageMs < Math.max(againMs, limitMs - answered.silentMs + TRAVEL_MS) ? 'not yet' : 'unknown'
}
