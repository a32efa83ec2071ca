import { expect, test } from 'vitest'
import { VirtualClock } from './virtual-clock.ts'

test('who waits again for what is left of a time arrives, also when that is too little to move the clock', async () => {
  const clock = new VirtualClock()
  await clock.advance(37_585.371_718_505_21)
  const beganMs = clock.monotonicMs()
  let waits = 0
  const wait = (): void => {
    if (clock.monotonicMs() > beganMs) return
    waits++
    clock.after(3.6e-12, wait)
  }
  wait()
  await clock.advance(1)
  expect(waits).toBe(1)
  expect(clock.monotonicMs()).toBe(beganMs + 1)
})
