import { expect, test } from 'vitest'
import { VirtualClock } from '../../../test/sim/virtual-clock.ts'
import type { StreamDoor } from '../streams/place.ts'
import { usageSinceAsked } from './samples.ts'

test('who asks again is told what was used since before: not over too short a time, nor since too long ago', async () => {
  const clock = new VirtualClock()
  const door = { parts: { clock, config: {}, nodeUse: async () => ({ cpuNanos: clock.nowMs(), memoryBytes: 0, memoryTotalBytes: 0 }) }, allPods: () => [] } as unknown as StreamDoor
  const windowMs = async (): Promise<number> => {
    const asked = usageSinceAsked(door)
    await clock.advance(250)
    const { before, now } = await asked
    expect(now.node.cpuNanos - before.node.cpuNanos).toBe(now.atMs - before.atMs)
    return now.atMs - before.atMs
  }
  expect(await windowMs()).toBe(250)
  await clock.advance(100)
  expect(await windowMs()).toBe(250)
  await clock.advance(9_400)
  expect(await windowMs()).toBe(9_750)
  await clock.advance(9_750)
  // What is older than fifteen seconds is not kept for the next one.
  expect(await windowMs()).toBe(19_750)
  await clock.advance(29_750)
  expect(await windowMs()).toBe(30_000)
  await clock.advance(100_000)
  expect(await windowMs()).toBe(250)
})
