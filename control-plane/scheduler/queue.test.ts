import { describe, expect, test } from 'vitest'
import { virtualClock } from '../controllers/testing.ts'
import type { Unschedulable } from './core/hints.ts'
import { podInfo } from './core/state.ts'
import { SchedulingQueue } from './queue.ts'

const drained = (queue: SchedulingQueue): readonly string[] => {
  const keys: string[] = []
  for (let key = queue.take(); key !== undefined; key = queue.take()) keys.push(key)
  return keys
}

/** Refused for want of this much, or as part of what stands on other nodes too. */
const refused = (cpu = '1', refusedBy: readonly string[] = ['NodeResourcesFit']): Unschedulable => ({ pod: podInfo({ metadata: { name: 'p', namespace: 'ns' }, spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] } }), refusedBy })
const wide = (): Unschedulable => refused('1', ['InterPodAffinity'])
const everybody = (): boolean => true

describe('the scheduling queue', () => {
  test('gives the highest priority first, then who came first', () => {
    const queue = new SchedulingQueue(virtualClock())
    queue.add('a', 0)
    queue.add('b', 10)
    queue.add('c', 0)
    queue.add('d', 10)
    expect(drained(queue)).toEqual(['b', 'd', 'a', 'c'])
  })

  test('an unschedulable pod waits for an event that helps it', async () => {
    const clock = virtualClock()
    const queue = new SchedulingQueue(clock)
    queue.add('a', 0)
    drained(queue)
    queue.parkUnschedulable('a', refused())
    queue.wake(({ refusedBy }) => refusedBy.includes('NodeAffinity'))
    await clock.advance(60_000)
    expect(drained(queue)).toEqual([])
    queue.wake(({ refusedBy }) => refusedBy.includes('NodeResourcesFit'))
    expect(drained(queue)).toEqual(['a'])
  })

  test('of its back-off it waits out a tenth of a second only, if there is nothing else to do', async () => {
    const clock = virtualClock()
    const queue = new SchedulingQueue(clock)
    queue.add('a', 0)
    drained(queue)
    queue.parkUnschedulable('a', refused())
    queue.wake(everybody)
    await clock.advance(99)
    expect(drained(queue)).toEqual([])
    await clock.advance(1)
    queue.add('b', 0)
    expect(queue.take()).toBe('b')
    expect(queue.take()).toBe('a')
  })

  test('whoever waits for something to do is told when that time has come', async () => {
    const clock = virtualClock()
    const queue = new SchedulingQueue(clock)
    queue.add('a', 0)
    drained(queue)
    queue.parkUnschedulable('a', refused())
    queue.wake(everybody)
    let told = false
    void queue.whenActive(new AbortController().signal).then(() => void (told = true))
    await clock.advance(99)
    expect(told).toBe(false)
    await clock.advance(1)
    expect(told).toBe(true)
  })

  test('some are tried early each time, those first whose back-off ends first', async () => {
    const clock = virtualClock()
    const queue = new SchedulingQueue(clock)
    for (let i = 0; i < 200; i++) queue.add(`p${i}`, 0)
    drained(queue)
    for (let i = 0; i < 200; i++) {
      queue.parkUnschedulable(`p${i}`, wide())
      if (i === 99) await clock.advance(10)
    }
    queue.wake(everybody)
    await clock.advance(100)
    const first = drained(queue)
    expect([first.length, first[0], first.at(-1)]).toEqual([64, 'p0', 'p63'])
    await clock.advance(99)
    expect(drained(queue)).toEqual([])
    await clock.advance(1)
    expect(drained(queue)[0]).toBe('p64')
    await clock.advance(800)
    expect(drained(queue).toSorted()).toEqual(Array.from({ length: 72 }, (_, i) => `p${128 + i}`).toSorted())
  })

  /** One of a low priority that had waited a little longer took the room that both were woken for. */
  test('of those whose back-offs end in the same second the highest priority is tried early first', async () => {
    const clock = virtualClock()
    const queue = new SchedulingQueue(clock)
    const tryInVain = (key: string, priority: number): void => {
      queue.add(key, priority)
      drained(queue)
      queue.parkUnschedulable(key, wide())
    }
    tryInVain('low', 0)
    // Its second back-off ends in the next second.
    for (let attempt = 1; attempt <= 2; attempt++) tryInVain('highest', 20)
    await clock.advance(500)
    tryInVain('high', 10)
    queue.wake(everybody)
    await clock.advance(100)
    expect(drained(queue)).toEqual(['high', 'low', 'highest'])
  })

  test('of pods that are alike the first that is refused again speaks for all, until something else helps them', async () => {
    const clock = virtualClock()
    const queue = new SchedulingQueue(clock)
    for (const key of ['a', 'b', 'c']) queue.add(key, 0)
    drained(queue)
    for (const key of ['a', 'b', 'c']) queue.parkUnschedulable(key, key === 'c' ? refused('2') : refused())
    await clock.advance(5_000)
    queue.wake(everybody)
    expect(queue.take()).toBe('a')
    queue.parkUnschedulable('a', refused())
    expect(drained(queue)).toEqual(['c'])
    queue.wake(({ pod }) => pod.requests.cpuMillis === 1_000)
    expect(drained(queue)).toEqual(['b'])
    await clock.advance(100)
    expect(drained(queue)).toEqual(['a'])
  })

  test('liveness: nobody is forgotten: after five minutes it is tried whatever happened', async () => {
    const clock = virtualClock()
    const queue = new SchedulingQueue(clock)
    for (const key of ['a', 'b']) {
      queue.add(key, 0)
      drained(queue)
      queue.parkUnschedulable(key, refused())
    }
    await clock.advance(100_000)
    queue.wake(everybody)
    expect(queue.take()).toBe('a')
    // B waits on with it, but not longer.
    queue.parkUnschedulable('a', refused())
    await clock.advance(199_999)
    expect(drained(queue)).toEqual([])
    await clock.advance(1)
    expect(drained(queue)).toEqual(['b'])
    await clock.advance(100_000)
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
    for (const key of ['active', 'waiting', 'woken', 'backing-off']) queue.add(key, 0)
    drained(queue)
    queue.add('active', 0)
    queue.parkUnschedulable('woken', wide())
    queue.wake(everybody)
    queue.parkUnschedulable('waiting', refused())
    queue.parkFailed('backing-off')
    for (const key of ['active', 'waiting', 'woken', 'backing-off']) queue.remove(key)
    await clock.advance(400_000)
    queue.wake(everybody)
    expect(drained(queue)).toEqual([])
  })
})
