import { expect, test } from 'vitest'
import type { ContainerRecord, Ended } from './record.ts'
import { isDue, nextStart } from './restart.ts'

const HOUR_MS = 3_600_000

test('a moment is due when it has come, and when it is farther off than anybody waits', () => {
  expect([isDue(100, 99), isDue(100, 100), isDue(100 + 26 * HOUR_MS, 100), isDue(100 + 300_000, 100)]).toEqual([false, true, true, false])
  expect([isDue(100, 50, 40), isDue(100, 70, 40)]).toEqual([true, false])
})

/** Seed 473 of the simulation: the clock was 26 hours ahead when the container ended, and set right then. */
test('a container does not wait for hours when the clock is set back', () => {
  const ended = { id: 'x', exitCode: 1, startedMs: 0, finishedMs: 26 * HOUR_MS } as Ended
  const container = { attempt: 1, backoff: { delayMs: 20_000, updatedMs: 26 * HOUR_MS }, now: { kind: 'exited', ended } } as unknown as ContainerRecord
  expect(nextStart(container, ended, 26 * HOUR_MS + 5_000).kind).toBe('wait')
  expect(nextStart(container, ended, 10_000).kind).toBe('now')
})
