/** Agents and sessions that go and are back, again and again. */
import { expect, test } from 'vitest'
import { membership, trackedWorld, type TrackedWorld } from './testing.ts'

const three = ['n1', 'n2', 'n3'] as const

test('sessions that come and go are no signs of life: without heartbeats the lease ends', () => {
  const { clock, tracker, sights, agent } = trackedWorld(...three)
  clock.advance(2_000)
  agent('n3').up = false
  for (let session = 1; session <= 10; session++) {
    clock.advance(500)
    tracker.setSession('n3', true)
    tracker.admit({ nodeName: 'n3', bootId: 'boot-1' })
    tracker.setSession('n3', false)
  }
  expect(sights.get('n3')).toMatchObject({ kind: 'fenced', evidence: { kind: 'lease-ended' } })
})

/** Each life is acked, and dies; the next one comes so late that the node has stopped its pods by then. */
function crashLoop({ clock, tracker, agent, sights }: TrackedWorld, name: string, lives: number, awayMs = 1_100): number {
  for (let life = 1; life <= lives; life++) {
    agent(name).close()
    clock.advance(awayMs)
    if (sights.get(name)?.kind === 'fenced') return life
    agent(name).connect(tracker, { instance: `life ${Math.round(clock.monotonicMs())}` })
    clock.advance(50)
  }
  return Number.POSITIVE_INFINITY
}

test('an agent that dies as soon as it is acked, again and again, is given up at the third lapse, and people are told why', () => {
  const world = trackedWorld(...three)
  const { clock, sights } = world
  clock.advance(3_000)
  const sinceMs = clock.monotonicMs()
  expect(crashLoop(world, 'n3', 10)).toBeLessThanOrEqual(4)
  expect(clock.monotonicMs() - sinceMs).toBeLessThan(5_000)
  expect(sights.get('n3')).toMatchObject({ kind: 'fenced', evidence: { kind: 'lease-ended', seen: 2, of: 3, unsteady: { times: 3, holdMs: 3_000 } } })
})

test('each time that it is given up for lapses it must be steady for longer', () => {
  const world = trackedWorld(...three)
  const { clock, tracker, sights, agent } = world
  const holds: unknown[] = []
  for (let time = 0; time < 3; time++) {
    agent('n3').connect(tracker, { instance: `steady ${time}` })
    clock.advance(2_000)
    crashLoop(world, 'n3', 10)
    const sight = sights.get('n3')
    holds.push(sight?.kind === 'fenced' && sight.evidence.kind === 'lease-ended' ? sight.evidence.unsteady?.holdMs : sight)
    agent('n3').close()
    tracker.setMembership([membership(2 + 2 * time, 'n1', 'n2')])
    tracker.setMembership([membership(3 + 2 * time, ...three)])
    tracker.admit({ nodeName: 'n3', bootId: 'boot-1', wasFenced: true })
  }
  expect(holds).toEqual([3_000, 6_000, 12_000])
})

test('one that is back in time for its pods, however often it dies, keeps its right', () => {
  const world = trackedWorld(...three)
  world.clock.advance(3_000)
  expect(crashLoop(world, 'n3', 20, 700)).toBe(Number.POSITIVE_INFINITY)
  expect(world.agent('n3').isAcked()).toBe(true)
})

test('one that lapses now and then is not given up', () => {
  const world = trackedWorld(...three)
  const { clock, agent } = world
  clock.advance(3_000)
  for (let times = 0; times < 6; times++) {
    expect(crashLoop(world, 'n3', 1)).toBe(Number.POSITIVE_INFINITY)
    clock.advance(16_000)
    expect(agent('n3').isAcked()).toBe(true)
  }
})

test('that the control plane was away itself is nobody’s lapse', () => {
  const { clock, tracker, sights, agent } = trackedWorld(...three)
  clock.advance(3_000)
  for (let times = 0; times < 6; times++) {
    if (times % 2 === 0) clock.stall(1_100)
    else {
      tracker.mayAckUntil(clock.monotonicMs())
      clock.advance(1_100)
      tracker.mayAckUntil(Number.POSITIVE_INFINITY)
    }
    clock.advance(1_000)
    for (const name of three) expect([name, agent(name).isAcked(), sights.get(name)?.kind]).toEqual([name, true, 'seen'])
  }
})
