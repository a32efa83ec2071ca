import { expect, test } from 'vitest'
import { whomToAsk, type AskedPeer } from './fencing-questions.ts'
import { DEFAULT_TERMS, lostAfterMs } from './fencing-terms.ts'

const terms = DEFAULT_TERMS
const LIMIT_MS = lostAfterMs(terms)
const names = Array.from({ length: 98 }, (_, at) => `n${String(at).padStart(2, '0')}`)

test('few peers are all asked, whatever they said', () => {
  const peers = names.slice(0, 20).map((name): AskedPeer => ({ name, askedMs: 999, answered: { askedMs: 999, silentMs: 900 } }))
  expect(whomToAsk(peers, { terms, nowMs: 1_000 })).toEqual(peers)
})

const asks = (peer: Omit<AskedPeer, 'name'>, nowMs: number): boolean => whomToAsk([{ name: 'a', ...peer }, { name: 'b', askedMs: nowMs }], { terms, nowMs, few: 1 }).some(({ name }) => name === 'a')

test('who has said "lost" is asked again while half of its answer counts; who has not, when it will have lost it; who does not answer, each time', () => {
  const lost = { askedMs: 1_000, answered: { askedMs: 1_000, silentMs: LIMIT_MS } }
  expect([1_050, 1_149, 1_150, 1_300, 9_000].map((nowMs) => asks(lost, nowMs))).toEqual([false, false, true, true, true])
  const soon = { askedMs: 1_000, answered: { askedMs: 1_000, silentMs: LIMIT_MS - 200 } }
  expect([1_050, 1_200, 1_211].map((nowMs) => asks(soon, nowMs))).toEqual([false, false, true])
  expect(asks({}, 1_000)).toBe(true)
  expect([1_040, 1_050].map((nowMs) => asks({ askedMs: 1_000 }, nowMs))).toEqual([false, true])
})

/** Rounds of questions, V/6 apart, to peers that answer at once; how many questions each second. */
function questionsPerSecond(silentMs: (name: string, nowMs: number) => number | undefined, forMs: number): { readonly perSecond: number; readonly fewestLost: number } {
  const known = new Map<string, AskedPeer>(names.map((name) => [name, { name }]))
  let [questions, fewestLost] = [0, Number.POSITIVE_INFINITY]
  for (let nowMs = 0; nowMs < forMs; nowMs += terms.answerMs / 6) {
    for (const { name } of whomToAsk([...known.values()], { terms, nowMs })) {
      const silent = silentMs(name, nowMs)
      questions++
      known.set(name, { name, askedMs: nowMs, answered: silent === undefined ? known.get(name)?.answered : { askedMs: nowMs, silentMs: silent } })
    }
    const lost = [...known.values()].filter(({ answered }) => answered && answered.silentMs >= LIMIT_MS && nowMs - answered.askedMs < terms.answerMs).length
    if (nowMs > 2_000) fewestLost = Math.min(fewestLost, lost)
  }
  return { perSecond: questions / (forMs / 1_000), fewestLost }
}

test('of many peers a majority is asked often enough that its proof never lapses, at a fifth of the questions', () => {
  const { perSecond, fewestLost } = questionsPerSecond((_, nowMs) => 500 + nowMs, 20_000)
  expect(perSecond).toBeLessThan((98 * 20) / 5)
  expect(fewestLost).toBeGreaterThanOrEqual(49)
})

test('peers that fall silent, or hear the control plane, are made up for by others', () => {
  const { fewestLost } = questionsPerSecond((name, nowMs) => {
    const at = names.indexOf(name)
    if (at % 7 === 0 && nowMs > 5_000) return undefined
    return at % 11 === 0 ? 50 : 500 + nowMs
  }, 20_000)
  expect(fewestLost).toBeGreaterThanOrEqual(49)
})
