import { expect, test } from 'vitest'
import { CallLimit } from './call-limit.ts'

test.each<readonly [string, readonly number[], number]>([
  ['nothing is known', [], 1_000],
  ['quick', [2, 3, 300], 1_000],
  ['slow', [2, 1_100, 900], 3_300],
  ['one was given up', [1_000], 3_000],
  ['it was given up again', [1_000, 3_000], 8_000],
  ['quick again', [3_000, 2, 2, 2, 2, 2, 2, 2, 2], 1_000],
])('how long a call may take: %s', (_name, took, ms) => {
  const limit = new CallLimit(1_000, 8_000)
  for (const one of took) limit.note(one)
  expect(limit.ms()).toBe(ms)
})

test('a limit that is not said to grow does not', () => {
  const limit = new CallLimit(5_000)
  limit.note(5_000)
  expect(limit.ms()).toBe(5_000)
})
