import { expect, test } from 'vitest'
import type { Clock } from '../../../shared/kit/clock.ts'
import { Crowd } from './crowd.ts'

function crowd(size: number): { readonly crowd: Crowd; readonly clock: Clock; readonly delays: number[]; endRound(): void; passMs(ms: number): void } {
  const delays: number[] = []
  const due: Array<() => void> = []
  let nowMs = 0
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, after: (delayMs, run) => (delays.push(delayMs), due.push(run), () => {}) }
  const made = new Crowd()
  for (let i = 0; i < size; i++) made.enter()
  return { crowd: made, clock, delays, endRound: () => due.splice(0).forEach((run) => run()), passMs: (ms) => void (nowMs += ms) }
}

test('few do not wait', () => {
  const { crowd: few, clock } = crowd(3)
  expect(few.pause(clock)).toBeUndefined()
})

test('many wait together, for a few times as long as it takes to tell them', async () => {
  const { crowd: many, clock, delays, endRound } = crowd(100)
  for (let round = 0; round < 2; round++) {
    const pauses = Array.from({ length: 100 }, () => many.pause(clock) ?? Promise.resolve())
    expect(new Set(pauses).size).toBe(1)
    endRound()
    await Promise.all(pauses)
  }
  expect(delays).toEqual([1, 20])
})

test('when it takes long to tell them they wait longer, but not for ever', async () => {
  const { crowd: many, clock, delays, endRound, passMs } = crowd(20)
  for (const tookMs of [8, 1000, 0]) {
    const pauses = [many.pause(clock) ?? Promise.resolve()]
    passMs(tookMs)
    pauses.push(many.pause(clock) ?? Promise.resolve())
    endRound()
    await Promise.all(pauses)
  }
  expect(delays).toEqual([1, 16, 50])
})

test('who is left when the others have gone does not wait', () => {
  const { crowd: many, clock } = crowd(20)
  for (let i = 0; i < 10; i++) many.leave()
  expect(many.pause(clock)).toBeUndefined()
})
