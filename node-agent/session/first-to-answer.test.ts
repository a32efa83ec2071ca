import { expect, test } from 'vitest'
import { Fault } from '../../shared/kit/faults.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import { firstToAnswer } from './first-to-answer.ts'

function asked(clock: VirtualClock, ...each: ReadonlyArray<{ readonly afterMs: number; readonly with: string | Fault }>) {
  const asks: string[] = []
  let outcome: unknown
  const all = each.map((one, index) => (): Promise<string> => {
    asks.push(`${index} at ${clock.monotonicMs()}`)
    return new Promise((resolve, reject) => void clock.after(one.afterMs, () => (typeof one.with === 'string' ? resolve(one.with) : reject(one.with))))
  })
  firstToAnswer(all, { clock, ms: 500 }).then(
    (answer) => (outcome = `${answer} at ${clock.monotonicMs()}`),
    (error: Fault) => (outcome = `${error.code} at ${clock.monotonicMs()}`),
  )
  return { asks, outcome: () => outcome }
}

const away = (): Fault => new Fault('unavailable', 'it is away')
const refusal = (): Fault => new Fault('permission', 'no')

test.each([
  ['the first, and nobody else is asked', [{ afterMs: 100, with: 'a' }, { afterMs: 1, with: 'b' }], ['0 at 0'], 'a at 100'],
  ['the next when the first cannot be reached', [{ afterMs: 10, with: away() }, { afterMs: 5, with: 'b' }], ['0 at 0', '1 at 10'], 'b at 15'],
  ['the next when the first has vanished', [{ afterMs: 10_000, with: away() }, { afterMs: 5, with: 'b' }], ['0 at 0', '1 at 500'], 'b at 505'],
  ['a first that is slow', [{ afterMs: 600, with: 'a' }, { afterMs: 900, with: 'b' }], ['0 at 0', '1 at 500'], 'a at 600'],
  ['a refusal', [{ afterMs: 10, with: refusal() }, { afterMs: 5, with: 'b' }], ['0 at 0'], 'permission at 10'],
  ['a slow first rather than the refusal of the second', [{ afterMs: 600, with: 'a' }, { afterMs: 5, with: refusal() }, { afterMs: 1, with: 'c' }], ['0 at 0', '1 at 500'], 'a at 600'],
  ['nobody', [{ afterMs: 10, with: away() }, { afterMs: 10, with: away() }], ['0 at 0', '1 at 10'], 'unavailable at 20'],
])('%s', async (_, each, asks, outcome) => {
  const clock = new VirtualClock()
  const result = asked(clock, ...each)
  await clock.advance(20_000)
  expect(result.asks).toEqual(asks)
  expect(result.outcome()).toBe(outcome)
})
