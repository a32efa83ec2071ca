import { expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import { workQueue } from './work-queue.ts'

function handClock(): Clock & { advance(ms: number): void } {
  let now = 0
  const due: Array<{ readonly at: number; readonly run: () => void }> = []
  return {
    nowMs: () => now,
    monotonicMs: () => now,
    after(delayMs, run) {
      const timer = { at: now + delayMs, run }
      due.push(timer)
      return () => void due.splice(due.indexOf(timer), 1)
    },
    advance(ms) {
      now += ms
      for (const timer of due.filter((one) => one.at <= now)) {
        due.splice(due.indexOf(timer), 1)
        timer.run()
      }
    },
  }
}

test('a key that waits is not queued twice', async () => {
  const queue = workQueue(handClock())
  queue.add('a')
  queue.add('a')
  queue.add('b')
  expect([await queue.take(), await queue.take(), queue.size]).toEqual(['a', 'b', 0])
})

test('a key added while it is worked on comes again when that is done', async () => {
  const queue = workQueue(handClock())
  queue.add('a')
  await queue.take()
  queue.add('a')
  expect(queue.size).toBe(0)
  queue.done('a')
  expect(await queue.take()).toBe('a')
})

test('retries wait longer each time, until forgotten', async () => {
  const clock = handClock()
  const queue = workQueue(clock, { baseMs: 10, capMs: 1000, factor: 2 })
  queue.retry('a')
  clock.advance(10)
  expect(queue.size).toBe(1)
  queue.done((await queue.take()) ?? '')
  queue.retry('a')
  clock.advance(10)
  expect(queue.size).toBe(0)
  clock.advance(10)
  expect(queue.size).toBe(1)
})

test('shut down ends those who wait', async () => {
  const queue = workQueue(handClock())
  const taken = queue.take()
  queue.shutDown()
  expect(await taken).toBeUndefined()
})
