import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { bootTime, bootTimeMs, UPTIME_STEP_MS } from './boot-time.ts'

/** A machine whose suspends and wall clock are set by hand. */
function machine() {
  const at = { monotonicMs: 1_000.5, suspendedMs: 0, wallMs: 5e11 }
  const clock = bootTime({
    monotonicMs: () => at.monotonicMs,
    uptimeMs: () => Math.floor((at.monotonicMs + at.suspendedMs) / UPTIME_STEP_MS) * UPTIME_STEP_MS,
    wallMs: () => Math.round(at.wallMs),
  })
  const pass = (ms: number): void => {
    at.monotonicMs += ms
    at.wallMs += ms
  }
  return { at, clock, pass, suspend: (ms: number) => ((at.suspendedMs += ms), (at.wallMs += ms)) }
}

test('runs exactly as the monotonic clock while the machine is awake', () => {
  const { clock, pass } = machine()
  expect(clock()).toBe(1_000.5)
  for (let i = 0; i < 500; i++) {
    const before = clock()
    pass(1.7)
    expect(clock() - before).toBeCloseTo(1.7)
  }
})

test('a suspend counts at once, and is known to the millisecond soon', () => {
  const { at, clock, pass, suspend } = machine()
  clock()
  pass(3)
  suspend(60_000)
  expect(clock()).toBeGreaterThan(at.monotonicMs + 60_000 - UPTIME_STEP_MS)
  for (let i = 0; i < 50; i++) {
    const before = clock()
    pass(101.3)
    expect(clock()).toBeGreaterThan(before)
  }
  const behindMs = at.monotonicMs + at.suspendedMs - clock()
  expect(behindMs).toBeGreaterThanOrEqual(0)
  expect(behindMs).toBeLessThan(1)
})

test('a wall clock that is set does not matter', () => {
  const { at, clock, pass } = machine()
  clock()
  at.wallMs -= 7_200_000
  pass(10)
  expect(clock()).toBeCloseTo(1_010.5)
})

test("agrees with the kernel's uptime, which other programs read", () => {
  const uptimeMs = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000
  // Between the two the kernel may have given the processor to somebody else, for as long as it likes.
  const [before, own, after] = [uptimeMs(), bootTimeMs(), uptimeMs()]
  expect(own).toBeGreaterThan(before - 100)
  expect(own).toBeLessThan(after + 100)
})
