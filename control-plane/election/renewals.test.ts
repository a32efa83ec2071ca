import { describe, expect, test } from 'vitest'
import { Pace } from './pace.ts'
import { Renewals } from './renewals.ts'

const attempt = (renewals: number, leaseMs: number): { readonly renewals: number; readonly sentAtMs: number; readonly leaseMs: number } => ({ renewals, sentAtMs: renewals * 100, leaseMs })

describe('what a leader knows of its own key', () => {
  test('a renewal counts when it stands there, whoever tells, and once', () => {
    const own = new Renewals({ revision: 10, leaseMs: 1_000 })
    own.send(attempt(1, 1_000))
    own.send(attempt(2, 3_000))
    expect(own.stands({ revision: 10, renewals: 0 })).toBe('known')
    expect(own.stands({ revision: 12, renewals: 2 })).toEqual(attempt(2, 3_000))
    expect([own.revision, own.leaseMs]).toEqual([12, 3_000])
    expect(own.stands({ revision: 12, renewals: 2 })).toBe('known')
    // Sent over a version that is not there any more: it can never land.
    expect(own.stands({ revision: 13, renewals: 1 })).toBe('impossible')
  })

  test('older than what was known when it was asked, or something else at the same revision: the storage was put back', () => {
    const own = new Renewals({ revision: 10, leaseMs: 1_000 })
    own.send(attempt(1, 1_000))
    own.send(attempt(2, 1_000))
    own.stands({ revision: 12, renewals: 1 })
    // Asked before, told late.
    expect(own.stands({ revision: 10, renewals: 0 }, 10)).toBe('known')
    expect(own.stands({ revision: 10, renewals: 0 }, 12)).toBe('impossible')
    expect(own.stands({ revision: 12, renewals: 2 }, 10)).toBe('impossible')
    expect([own.revision, own.leaseMs]).toEqual([12, 1_000])
  })

  test('what is under way and promises less may land after a look', () => {
    const own = new Renewals({ revision: 10, leaseMs: 3_000 })
    expect(own.surelyMs()).toBe(3_000)
    own.send(attempt(1, 1_000))
    expect(own.surelyMs()).toBe(1_000)
    own.stands({ revision: 11, renewals: 1 })
    own.send(attempt(2, 5_000))
    expect(own.surelyMs()).toBe(1_000)
    own.stands({ revision: 12, renewals: 2 })
    expect(own.surelyMs()).toBe(5_000)
  })
})

/** One after the other, each in a lease of its own. */
function note(pace: Pace, took: readonly number[]): void {
  let nowMs = 0
  for (const ms of took) {
    pace.note(ms, nowMs)
    nowMs += 1_000 + ms
  }
}

test.each<readonly [string, readonly number[], number]>([
  ['nothing is known', [], 1_000],
  ['milliseconds', [3, 4, 2, 5], 1_004],
  ['one that was late', [3, 90, 2, 5], 1_005],
  ['one that was very late', [3, 900, 2, 5], 1_005],
  ['now and then one is late', [3, 90, 2, 5, 4, 6, 5, 80, 3], 1_080],
  ['now and then one is very late', [3, 900, 2, 5, 4, 6, 5, 600, 3], 1_250],
  ['they were late long ago', [900, 900, ...Array.from({ length: 32 }, () => 5)], 1_005],
  ['the first one of all was late', [900], 1_000],
  ['the first two were late', [900, 950], 2_700],
  ['two of four', [3, 900, 1_200, 5], 2_700],
  ['slow, and quick again', [1_200, 1_200, 1_200, 4, 4, 4], 1_250],
  ['slower than can be waited for', [6_000, 6_000], 10_000],
])('how long a lease has to be: %s', (_name, took, leaseMs) => {
  const pace = new Pace(1_000)
  note(pace, took)
  expect(pace.leaseMs()).toBe(leaseMs)
})

test.each<readonly [string, readonly number[], number]>([
  ['one that left late', [0, 1, 400, 1], 1_001],
  ['now and then one leaves late', [0, 1, 150, 1, 2, 0, 90, 1], 1_090],
  ['two that left very late', [600, 700], 1_250],
])('a leader that is late itself has more time: %s', (_name, late, leaseMs) => {
  const pace = new Pace(1_000)
  for (const [index, ms] of late.entries()) pace.noteLate(ms, index * 1_000)
  note(pace, late.map(() => 1))
  expect(pace.leaseMs()).toBe(leaseMs)
  expect(pace.lateMs()).toBe(100)
})

test('a process that begins is slow for a moment: its first two writes, one after the other, make the lease of nobody longer; later ones do', () => {
  const pace = new Pace(1_000)
  pace.note(500, 0)
  pace.note(97, 500)
  expect(pace.leaseMs()).toBe(1_000)
  pace.note(4, 1_500)
  expect(pace.leaseMs()).toBe(1_004)
  pace.note(97, 2_500)
  expect(pace.leaseMs()).toBe(1_097)
})

test('a leader that has just begun leaves late several times, for one reason; a busy one in one lease as in the next', () => {
  const pace = new Pace(1_000)
  for (const [index, ms] of [90, 70, 40, 2].entries()) pace.noteLate(ms, index * 250)
  expect(pace.leaseMs()).toBe(1_000)
  for (const [index, ms] of [1, 80, 1, 30].entries()) pace.noteLate(ms, 1_000 + index * 250)
  expect(pace.leaseMs()).toBe(1_080)
})

test('writes that wait for the same thing at the same time say once that a host is late', () => {
  const pace = new Pace(1_000)
  const quick = (fromMs: number): void => [0, 10, 20, 30].forEach((ms) => pace.note(5, fromMs + ms))
  for (const sentAtMs of [100, 200, 300, 400]) pace.note(600 - sentAtMs, sentAtMs)
  quick(1_100)
  expect(pace.leaseMs()).toBe(1_005)
  for (const sentAtMs of [2_200, 2_300]) pace.note(2_500 - sentAtMs, sentAtMs)
  quick(2_500)
  expect(pace.leaseMs()).toBe(1_250)
})
