import { describe, expect, test } from 'vitest'
import { virtualClock } from '../controllers/testing.ts'
import { SchedulingQueue } from './queue.ts'

const drained = (queue: SchedulingQueue): readonly string[] => {
  const keys: string[] = []
  for (let key = queue.take(); key !== undefined; key = queue.take()) keys.push(key)
  return keys
}

describe('the scheduling queue', () => {
  test('gives the highest priority first, then who came first', () => {
    const queue = new SchedulingQueue(virtualClock())
    queue.add('a', 0)
    queue.add('b', 10)
    queue.add('c', 0)
    queue.add('d', 10)
    expect(drained(queue)).toEqual(['b', 'd', 'a', 'c'])
  })

  test('an unschedulable pod waits for an event that can help the plugins that refused it, and for its back-off', async () => {
    const clock = virtualClock()
    const queue = new SchedulingQueue(clock)
    queue.add('a', 0)
    drained(queue)
    queue.parkUnschedulable('a', ['NodeResourcesFit'])
    queue.wake('node-labels')
    await clock.advance(60_000)
    expect(drained(queue)).toEqual([])
    queue.wake('pod-removed')
    expect(drained(queue)).toEqual(['a'])
    queue.parkUnschedulable('a', ['NodeResourcesFit'])
    queue.wake('pod-removed')
    expect(drained(queue)).toEqual([])
    await clock.advance(2_000)
    expect(drained(queue)).toEqual(['a'])
  })

  test('liveness: nobody is forgotten: after five minutes it is tried whatever happened', async () => {
    const clock = virtualClock()
    const queue = new SchedulingQueue(clock)
    queue.add('a', 0)
    drained(queue)
    queue.parkUnschedulable('a', ['NodeAffinity'])
    await clock.advance(300_000)
    expect(drained(queue)).toEqual(['a'])
  })

  test('a failed bind comes again after 1, 2, 4 … at most 10 seconds', async () => {
    const clock = virtualClock()
    const queue = new SchedulingQueue(clock)
    queue.add('a', 0)
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
      expect(drained(queue)).toEqual(['a'])
      queue.parkFailed('a')
      await clock.advance(waitMs - 1)
      expect(drained(queue)).toEqual([])
      await clock.advance(1)
    }
  })

  test('a pod that is gone is not given, wherever it waited', async () => {
    const clock = virtualClock()
    const queue = new SchedulingQueue(clock)
    for (const key of ['active', 'waiting', 'backing-off']) queue.add(key, 0)
    drained(queue)
    queue.add('active', 0)
    queue.parkUnschedulable('waiting', [])
    queue.parkFailed('backing-off')
    for (const key of ['active', 'waiting', 'backing-off']) queue.remove(key)
    await clock.advance(400_000)
    queue.wake('node-added')
    expect(drained(queue)).toEqual([])
  })
})
