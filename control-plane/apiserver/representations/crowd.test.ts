import { expect, test } from 'vitest'
import type { Clock } from '../../../shared/kit/clock.ts'
import { Crowd } from './crowd.ts'

interface Scene {
  readonly crowd: Crowd
  readonly clock: Clock
  /** Something has come for them. */
  come(): void
  /** All are told something at once; how long the round lasts is asked of {@link lasted}. */
  tellAll(): void
  passMs(ms: number): Promise<void>
  /** Time in which no timer comes to its turn. */
  busyMs(ms: number): void
  /** How long the round that ended last took. */
  lasted(): number | undefined
}

function scene(size: number): Scene {
  let timers: ReadonlyArray<{ readonly atMs: number; readonly run: () => void }> = []
  let nowMs = 0
  let reached = 0
  let lastedMs: number | undefined
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (delayMs, run) => {
      timers = [...timers, { atMs: nowMs + delayMs, run }]
      return () => {}
    },
  }
  const crowd = new Crowd(() => reached)
  for (let i = 0; i < size; i++) crowd.enter()
  return {
    crowd,
    clock,
    come: () => void reached++,
    tellAll() {
      const beganMs = nowMs
      const pauses = Array.from({ length: size }, () => crowd.pause(clock))
      expect(new Set(pauses).size).toBe(1)
      void pauses[0]?.then(() => (lastedMs = nowMs - beganMs))
    },
    async passMs(ms) {
      const endMs = nowMs + ms
      for (let left = 1000; left > 0; left--) {
        const next = timers.toSorted((a, b) => a.atMs - b.atMs).find(({ atMs }) => atMs <= endMs)
        if (!next) break
        timers = timers.filter((timer) => timer !== next)
        nowMs = Math.max(nowMs, next.atMs)
        next.run()
        await Promise.resolve()
      }
      nowMs = endMs
      await Promise.resolve()
    },
    busyMs: (ms) => void (nowMs += ms),
    lasted: () => lastedMs,
  }
}

test('few do not wait', () => {
  const { crowd, clock } = scene(3)
  expect(crowd.pause(clock)).toBeUndefined()
})

test('many wait together, for a few times as long as it takes to tell them', async () => {
  const { tellAll, passMs, lasted } = scene(100)
  for (let round = 0; round < 2; round++) {
    tellAll()
    await passMs(100)
    expect(lasted()).toBe(20)
  }
})

test('while ever more comes they wait longer, and hear it all at once; not for ever', async () => {
  const { come, tellAll, passMs, lasted } = scene(100)
  tellAll()
  for (let i = 0; i < 20; i++) {
    come()
    await passMs(5)
  }
  expect(lasted()).toBe(50)
})

test('when no more comes nobody waits for it', async () => {
  const { come, tellAll, passMs, lasted } = scene(100)
  tellAll()
  await passMs(19)
  come()
  await passMs(31)
  expect(lasted()).toBe(28)
})

test('when it takes long to tell them they wait longer, but not for ever', async () => {
  for (const [tookMs, lastsMs] of [[8, 16], [40, 50], [1000, 1000]] as const) {
    const { crowd, clock, busyMs, passMs } = scene(20)
    let endedMs: number | undefined
    void crowd.pause(clock)?.then(() => (endedMs = clock.monotonicMs()))
    busyMs(tookMs)
    void crowd.pause(clock)
    await passMs(100)
    expect(endedMs).toBe(lastsMs)
  }
})

test('who is left when the others have gone does not wait', () => {
  const { crowd, clock } = scene(20)
  for (let i = 0; i < 10; i++) crowd.leave()
  expect(crowd.pause(clock)).toBeUndefined()
})
