/** Heartbeats that come by way of a control plane that follows. */
import { expect, test } from 'vitest'
import { NoAck_Reason } from '../../proto/gen/node/v1/heartbeat.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import { FakeAgent, trackedWorld } from './testing.ts'
import { HeartbeatTracker } from './tracker.ts'

test('a control plane that follows passes on what it hears, and hands back what the leader answers', () => {
  const { clock, tracker: leader, agent: before } = trackedWorld('n1')
  before('n1').close()
  const follower = new HeartbeatTracker({ clock, random: seededRandom(9), listener: { onSight: () => {}, onEpochAcked: () => {}, onVision: () => {}, onRestart: () => {} }, passOn: (message) => (relay.take(message), true) })
  const relay = leader.connect({ kind: 'control-plane' }, (message) => follower.handOn(message))
  const agent = new FakeAgent(clock, 'n1').connect(follower, { instance: 'by way of the follower' })
  clock.advance(500)
  expect(agent.isAcked()).toBe(true)
  expect(agent.heard[0]?.message?.$case).toBe('epoch')
  const alone = new FakeAgent(clock, 'n1').connect(new HeartbeatTracker({ clock, random: seededRandom(9), listener: { onSight: () => {}, onEpochAcked: () => {}, onVision: () => {}, onRestart: () => {} } }))
  expect(alone.heard[0]?.message).toMatchObject({ $case: 'noAck', value: { reason: NoAck_Reason.NOT_LEADING } })
})

/** Found by the simulation: what one said was taken for the other's, and both heard what was said to one. */
test('two agents under one name behind the same control plane that follows are told apart', () => {
  const { clock, tracker: leader, agent } = trackedWorld('n1', 'n2')
  agent('n1').close()
  const follower = new HeartbeatTracker({ clock, random: seededRandom(9), listener: { onSight: () => {}, onEpochAcked: () => {}, onVision: () => {}, onRestart: () => {} }, passOn: (message) => (relay.take(message), true) })
  const relay = leader.connect({ kind: 'control-plane' }, (message) => follower.handOn(message))
  const first = new FakeAgent(clock, 'n1').connect(follower, { instance: 'the first' })
  clock.advance(500)
  const second = new FakeAgent(clock, 'n1').connect(follower, { bootId: 'boot-2', instance: 'the second' })
  clock.advance(3_000)
  expect([first.isAcked(), first.heard.filter(({ message }) => message?.$case === 'noAck')]).toEqual([true, []])
  expect(second.heard.length).toBeGreaterThan(0)
  expect(second.heard.filter(({ message }) => message?.$case !== 'noAck')).toEqual([])
  expect(second.refusal).toMatch(/^DOUBLED: /)
})

test('one of two agents under one name behind a follower starts anew again and again: the other is not forgotten for it', () => {
  const { clock, tracker: leader, agent } = trackedWorld('n1', 'n2')
  agent('n1').close()
  const follower = new HeartbeatTracker({ clock, random: seededRandom(9), listener: { onSight: () => {}, onEpochAcked: () => {}, onVision: () => {}, onRestart: () => {} }, passOn: (message) => (relay.take(message), true) })
  const relay = leader.connect({ kind: 'control-plane' }, (message) => follower.handOn(message))
  const first = new FakeAgent(clock, 'n1').connect(follower, { instance: 'the first' })
  for (let life = 1; life <= 20; life++) {
    clock.advance(500)
    new FakeAgent(clock, 'n1').connect(follower, { bootId: 'boot-2', instance: `life ${life} of the second` }).close()
  }
  clock.advance(500)
  expect([first.isAcked(), first.refusal]).toEqual([true, undefined])
})
