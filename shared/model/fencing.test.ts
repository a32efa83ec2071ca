import { expect, test } from 'vitest'
import { answerAfter, hasLostControlPlane, judgeNode, provenMs, rightToRun, stillInUse, visionOf, type Membership, type NodeView, type PeerAnswer, type Sighting } from './fencing.ts'
import { DEFAULT_TERMS, lostAfterMs, termsForLease, whyNotTerms, type FencingTerms } from './fencing-terms.ts'

const terms: FencingTerms = { heartbeatPeriodMs: 100, leaseMs: 1_200, seenMs: 400, answerMs: 200, killMs: 100 }
const three: Membership = { epoch: 1, members: ['a', 'b', 'c'], terms }
const sightings = (entries: Readonly<Record<string, Sighting>>): ReadonlyMap<string, Sighting> => new Map(Object.entries(entries))
const seen = (nowMs: number): Sighting => ({ ackSentMs: nowMs, echoedAckSentMs: nowMs - 100 })

test('the defaults hold, and each bound says what to mend', () => {
  expect(whyNotTerms(DEFAULT_TERMS)).toBeUndefined()
  for (const leaseMs of [700, 1_200, 3_000, 60_000]) expect(whyNotTerms(termsForLease(leaseMs)), String(leaseMs)).toBeUndefined()
  const refusals: ReadonlyArray<readonly [Partial<FencingTerms>, RegExp]> = [
    [{ leaseMs: Number.NaN }, /must be numbers/],
    [{ heartbeatPeriodMs: 10 }, /heartbeatPeriodMs 10 is too short/],
    [{ killMs: 1 }, /killMs 1 is too short/],
    [{ seenMs: 200 }, /three heartbeat periods \(300\)/],
    [{ leaseMs: 350 }, /a node outlives its replacement/],
    [{ leaseMs: 800 }, /although only the control plane is away/],
    [{ leaseMs: 700_000 }, /ten minutes/],
  ]
  for (const [change, sentence] of refusals) expect(whyNotTerms({ ...terms, ...change })).toMatch(sentence)
})

test('a node is held until a lease after its last ack, then expired if half of the others are seen', () => {
  const at = (nowMs: number, others: Readonly<Record<string, Sighting>>, clearSinceMs: number | 'never' = 0) =>
    judgeNode({ inUse: [three], sightings: sightings({ a: { ackSentMs: 5_000, echoedAckSentMs: 4_900 }, ...others }), clearSinceMs: clearSinceMs === 'never' ? undefined : clearSinceMs, nowMs }, 'a')
  expect(at(6_199, {})).toEqual({ kind: 'held', untilMs: 6_200 })
  expect(at(6_200, { b: seen(6_200), c: seen(6_200) })).toEqual({ kind: 'expired', sinceMs: 6_200, vision: { blind: false, seen: 2, of: 3 } })
  expect(at(6_200, { b: seen(6_200) })).toEqual({ kind: 'undecided', vision: { blind: true, seen: 1, of: 3 } })
  expect(at(6_200, { b: seen(6_200), c: seen(6_200) }, 'never').kind).toBe('undecided')
  expect(at(6_200, { b: seen(6_200), c: seen(6_200) }, 5_500)).toEqual({ kind: 'held', untilMs: 6_700 })
})

test('without any membership nobody is judged', () => {
  expect(judgeNode({ inUse: [], sightings: new Map(), clearSinceMs: 0, nowMs: 9_999 }, 'a').kind).toBe('undecided')
})

test('the membership that is seen worst counts, with the strictest times', () => {
  const five: Membership = { epoch: 2, members: ['a', 'b', 'c', 'd', 'e'], terms: { ...terms, leaseMs: 2_000, seenMs: 300 } }
  const view = { inUse: [three, five], sightings: sightings({ a: seen(1_000), b: { ackSentMs: 1_000, echoedAckSentMs: 690 } }), nowMs: 1_000 }
  expect(visionOf(view)).toEqual({ blind: true, seen: 1, of: 5 })
  expect(judgeNode({ ...view, clearSinceMs: 0 }, 'c').kind).toBe('undecided')
  expect(judgeNode({ ...view, sightings: sightings({ c: { ackSentMs: 0 } }), clearSinceMs: 0, nowMs: 1_999 }, 'c').kind).toBe('held')
})

test('an old membership is in use until all members of the newest have acked that', () => {
  const next: Membership = { epoch: 2, members: ['b', 'c'], terms }
  expect(stillInUse([three, next], (name) => (name === 'b' ? 2 : 1))).toEqual([three, next])
  expect(stillInUse([three, next], (name) => (name === 'a' ? 1 : 2))).toEqual([next])
  expect(stillInUse([three], () => undefined)).toEqual([three])
})

const lost = (askedMs: number, epoch = 1): PeerAnswer => ({ epoch, isLost: true, askedMs })
const node = (change: Partial<NodeView>): NodeView => ({ self: 'a', membership: three, heartbeatSentMs: 1_000, ackReceivedMs: 1_005, answers: new Map(), hasEnded: false, nowMs: 2_200, ...change })

test('without an ack there is no right; with one there is until a lease after its heartbeat was sent', () => {
  expect(rightToRun(node({ membership: undefined }))).toEqual({ kind: 'none' })
  expect(rightToRun(node({ heartbeatSentMs: undefined }))).toEqual({ kind: 'none' })
  expect(rightToRun(node({ nowMs: 2_199 }))).toEqual({ kind: 'held', untilMs: 2_200 })
  expect(rightToRun(node({}))).toEqual({ kind: 'ended', lost: 1, of: 3 })
})

test('past its lease a node keeps its pods for a lease after a strict majority had lost the control plane', () => {
  expect(rightToRun(node({ answers: new Map([['b', lost(2_100)]]) }))).toEqual({ kind: 'kept', untilMs: 3_300, lost: 2, of: 3 })
  expect(rightToRun(node({ answers: new Map([['b', lost(2_100)], ['c', lost(2_150)]]) }))).toEqual({ kind: 'kept', untilMs: 3_350, lost: 3, of: 3 })
  expect(rightToRun(node({ answers: new Map([['b', lost(2_000)]]) })).kind).toBe('ended')
  expect(rightToRun(node({ answers: new Map([['x', lost(2_100)]]) })).kind).toBe('ended')
  expect(rightToRun(node({ answers: new Map([['c', { epoch: 1, isLost: false, askedMs: 2_050 }]]) }))).toEqual({ kind: 'ended', lost: 1, of: 3, contradictedBy: 'c' })
  expect(rightToRun(node({ answers: new Map([['b', lost(2_100)], ['c', { epoch: 1, isLost: false, askedMs: 2_050 }]]) })).kind).toBe('kept')
  const two: Membership = { epoch: 1, members: ['a', 'b'], terms }
  expect(rightToRun(node({ membership: two })).kind).toBe('ended')
  expect(rightToRun(node({ membership: two, answers: new Map([['b', lost(2_100)]]) })).kind).toBe('kept')
})

test('what a peer decides by does not matter: that no ack came is true all the same', () => {
  expect(rightToRun(node({ answers: new Map([['b', lost(2_100, 2)]]) })).kind).toBe('kept')
  expect(rightToRun(node({ answers: new Map([['b', lost(2_100, 0)]]) })).kind).toBe('kept')
})

test('a majority that is known before the lease ends is added to it', () => {
  expect(rightToRun(node({ nowMs: 2_100, answers: new Map([['b', lost(2_050)]]) }))).toEqual({ kind: 'held', untilMs: 3_250 })
  expect(rightToRun(node({ nowMs: 2_100, answers: new Map([['b', lost(1_850)]]) }))).toEqual({ kind: 'held', untilMs: 2_200 })
  expect(rightToRun(node({ membership: { epoch: 1, members: ['a'], terms }, nowMs: 2_000 }))).toEqual({ kind: 'held', untilMs: Number.POSITIVE_INFINITY })
})

test('a proof outlives the answers it was made from: a lease long, whatever is heard meanwhile', () => {
  const proven = provenMs(node({ answers: new Map([['b', lost(2_100)]]) }))
  expect(proven).toBe(2_100)
  const heard = new Map([['b', { epoch: 1, isLost: false, askedMs: 3_200 }]])
  expect(rightToRun(node({ nowMs: 3_299, provenMs: proven, answers: heard }))).toEqual({ kind: 'kept', untilMs: 3_300, lost: 1, of: 3 })
  expect(rightToRun(node({ nowMs: 3_300, provenMs: proven, answers: heard }))).toEqual({ kind: 'ended', lost: 1, of: 3, contradictedBy: 'b' })
  expect(rightToRun(node({ nowMs: 3_299, provenMs: proven, hasEnded: true })).kind).toBe('ended')
  expect(provenMs(node({ provenMs: 2_150, answers: new Map([['b', lost(2_100)]]) }))).toBe(2_150)
  expect(provenMs(node({ membership: undefined }))).toBeUndefined()
})

test('of the answers wanted the oldest counts', () => {
  const five: Membership = { epoch: 1, members: ['a', 'b', 'c', 'd', 'e'], terms }
  expect(provenMs(node({ membership: five, answers: new Map([['b', lost(2_100)], ['c', lost(2_050)]]) }))).toBe(2_050)
  expect(provenMs(node({ membership: five, answers: new Map([['b', lost(2_100)], ['c', lost(2_050)], ['d', lost(2_150)]]) }))).toBe(2_100)
  expect(provenMs(node({ membership: five, answers: new Map([['b', lost(2_100)]]) }))).toBeUndefined()
})

test('an answer "lost" counts for its time, though the peer hears the control plane again', () => {
  const again = answerAfter(lost(2_100), { epoch: 1, isLost: false, askedMs: 2_180 })
  expect(again).toEqual({ epoch: 1, isLost: false, askedMs: 2_180, lostAskedMs: 2_100 })
  expect(rightToRun(node({ answers: new Map([['b', again]]) }))).toEqual({ kind: 'kept', untilMs: 3_300, lost: 2, of: 3 })
  expect(rightToRun(node({ nowMs: 2_300, answers: new Map([['b', again]]) }))).toEqual({ kind: 'ended', lost: 1, of: 3, contradictedBy: 'b' })
  expect(answerAfter(again, lost(2_120))).toEqual({ epoch: 1, isLost: false, askedMs: 2_180, lostAskedMs: 2_120 })
  expect(answerAfter(undefined, lost(1))).toEqual({ epoch: 1, isLost: true, askedMs: 1, lostAskedMs: 1 })
})

test('a node alone in its membership keeps its pods: nobody can judge it, though its agent is dead', () => {
  const alone: Membership = { epoch: 1, members: ['a'], terms }
  expect(rightToRun(node({ membership: alone, nowMs: 1_010 }))).toEqual({ kind: 'held', untilMs: Number.POSITIVE_INFINITY })
  expect(rightToRun(node({ membership: alone, nowMs: 9_999 }))).toEqual({ kind: 'kept', untilMs: Number.POSITIVE_INFINITY, lost: 1, of: 1 })
  // When others join, it has a lease from the moment it was seen last at the earliest.
  const proven = provenMs(node({ membership: alone, nowMs: 9_999 }))
  expect(proven).toBe(9_599)
  expect(rightToRun(node({ provenMs: proven, nowMs: 9_999 }))).toEqual({ kind: 'kept', untilMs: 10_799, lost: 1, of: 3 })
})

test('a right that has ended comes back by an ack alone', () => {
  expect(rightToRun(node({ hasEnded: true, answers: new Map([['b', lost(2_100)]]) })).kind).toBe('ended')
})

test('a node has lost the control plane after S + V without an ack', () => {
  const at = (nowMs: number) => hasLostControlPlane(node({ nowMs }))
  expect([at(1_005 + lostAfterMs(terms) - 1), at(1_005 + lostAfterMs(terms))]).toEqual([false, true])
  expect(hasLostControlPlane(node({ ackReceivedMs: undefined }))).toBe(false)
})
