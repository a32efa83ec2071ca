/** Which machine speaks under a node's name: second agents, clones, and machines that booted anew. */
import { expect, test } from 'vitest'
import { ADMISSION_PATIENCE_MS, REBOOT_PATIENCE_MS } from './leading.ts'
import { FakeAgent, membership, trackedWorld } from './testing.ts'

const three = ['n1', 'n2', 'n3'] as const

test('a second agent under one name is refused while the first is heard, and takes over when it is silent or its connection closed', () => {
  const { clock, tracker, agent, sights } = trackedWorld(...three)
  clock.advance(1_000)
  const second = new FakeAgent(clock, 'n2').connect(tracker, { bootId: 'boot-9', instance: 'other' })
  clock.advance(1_000)
  expect(second.refusal).toMatch(/^DOUBLED: another agent lives as node "n2" \(boot id boot-1, heard \d+ ms ago\); this one has boot id boot-9: give this one another name, or stop that one$/)
  expect([agent('n2').isAcked(), second.isAcked(5_000), sights.get('n2')?.kind]).toEqual([true, false, 'seen'])
  second.close()
  agent('n2').connect(tracker, { instance: 'restarted' })
  clock.advance(300)
  expect([agent('n2').isAcked(), sights.get('n2')?.kind]).toEqual([true, 'seen'])
})

test('a second machine under one name does not take the place of the first while that one replaces its connection', () => {
  const { clock, tracker, agent, sights, story } = trackedWorld(...three)
  clock.advance(1_000)
  const clone = new FakeAgent(clock, 'n2').connect(tracker, { bootId: 'boot-9', instance: 'other' })
  for (let reset = 1; reset <= 10; reset++) {
    clock.advance(730)
    agent('n2').close()
    clock.advance(150)
    agent('n2').connect(tracker)
  }
  clock.advance(300)
  expect([agent('n2').isAcked(), clone.refusal?.slice(0, 7), sights.get('n2')?.kind, story.includes('n2 fenced')]).toEqual([true, 'DOUBLED', 'seen', false])
  // And when it is gone.
  agent('n2').close()
  clock.advance(1_000)
  expect(clone.refusal).toContain('has to register anew under boot-9')
})

test('a clone that took the place of an agent while that one was restarted gives it back, and so proves no reboot', () => {
  const { clock, tracker, agent, sights } = trackedWorld(...three)
  clock.advance(6_000)
  // Blind, the control plane judges nobody, and n2 may keep its pods by what its peers prove.
  for (const name of ['n1', 'n3']) agent(name).close()
  const clone = new FakeAgent(clock, 'n2').connect(tracker, { bootId: 'boot-9', instance: 'other' })
  agent('n2').close()
  clock.advance(900)
  expect(sights.get('n2')).toMatchObject({ kind: 'silent', rebooted: { bootId: 'boot-9' } })
  agent('n2').connect(tracker, { instance: 'restarted' })
  clock.advance(300)
  expect([agent('n2').isAcked(), clone.refusal?.slice(0, 7), sights.get('n2')?.kind]).toEqual([true, 'DOUBLED', 'seen'])
  clock.advance(REBOOT_PATIENCE_MS + 5_000)
  expect([agent('n2').isAcked(), sights.get('n2')?.kind]).toEqual([true, 'seen'])
})

test('a machine that booted anew is acked again when it is admitted under its new boot id and its old lease is over', () => {
  const { clock, tracker, agent, story } = trackedWorld(...three)
  clock.advance(2_000)
  agent('n2').close()
  const lastAckMs = agent('n2').lastAckMs
  clock.advance(300)
  agent('n2').connect(tracker, { bootId: 'boot-2', instance: 'n2-2' })
  clock.advance(200)
  expect(agent('n2').refusal).toContain('has to register anew under boot-2')
  tracker.admit({ nodeName: 'n2', bootId: 'boot-2' })
  for (; clock.monotonicMs() < lastAckMs + 1_190; clock.advance(10)) expect(agent('n2').lastAckMs).toBe(lastAckMs)
  clock.advance(400)
  expect(agent('n2').isAcked()).toBe(true)
  expect(story).not.toContain('n2 fenced')
})

/** All were silent for long, and one of them is heard again, from another boot. */
function rebootedWorld(): ReturnType<typeof trackedWorld> {
  const world = trackedWorld(...three)
  world.clock.advance(2_000)
  for (const name of three) world.agent(name).close()
  world.clock.advance(10_000)
  world.agent('n2').connect(world.tracker, { bootId: 'boot-2', instance: 'n2-2' })
  return world
}

test('a machine that booted anew and does not register is fenced in the end, whatever is seen', () => {
  const { clock, sights } = rebootedWorld()
  clock.advance(REBOOT_PATIENCE_MS - 100)
  expect(sights.get('n2')?.kind).toBe('silent')
  clock.advance(200)
  expect(sights.get('n2')).toEqual({ kind: 'fenced', evidence: { kind: 'rebooted', bootId: 'boot-2' } })
})

test('a machine that booted anew is not fenced while its agent is being admitted, however slowly', () => {
  const { clock, tracker, agent, sights } = rebootedWorld()
  tracker.setSession('n2', true, 'boot-2')
  clock.advance(REBOOT_PATIENCE_MS + 5_000)
  expect(sights.get('n2')?.kind).toBe('silent')
  tracker.setSession('n2', false)
  clock.advance(REBOOT_PATIENCE_MS - 100)
  tracker.setSession('n2', true, 'boot-2')
  clock.advance(REBOOT_PATIENCE_MS)
  tracker.admit({ nodeName: 'n2', bootId: 'boot-2' })
  clock.advance(2_000)
  expect([agent('n2').isAcked(), sights.get('n2')?.kind]).toEqual([true, 'seen'])
})

test.each<readonly [how: string, withoutMs: number, tell: (tracker: ReturnType<typeof trackedWorld>['tracker']) => void]>([
  ['has a session for ever', ADMISSION_PATIENCE_MS, () => {}],
  ['loses its session', REBOOT_PATIENCE_MS, (tracker) => tracker.setSession('n2', false)],
  ['has a session that is of the boot before', REBOOT_PATIENCE_MS, (tracker) => tracker.setSession('n2', true, 'boot-1')],
])('a machine that booted anew, is not admitted and %s is fenced', (_, withoutMs, tell) => {
  const { clock, tracker, sights } = rebootedWorld()
  tracker.setSession('n2', true, 'boot-2')
  tell(tracker)
  clock.advance(withoutMs - 100)
  expect(sights.get('n2')?.kind).toBe('silent')
  clock.advance(200)
  expect(sights.get('n2')).toEqual({ kind: 'fenced', evidence: { kind: 'rebooted', bootId: 'boot-2' } })
})

/** A control plane that stood still hands on what a machine said before it booted, when that has been admitted again since and is silent: that proves no boot. */
test('a greeting from before a boot, handed on late, is no proof of another boot', () => {
  const { clock, tracker, agent, sights } = trackedWorld(...three)
  clock.advance(2_000)
  tracker.fence('n1', { kind: 'rebooted', bootId: 'boot-2' })
  tracker.setMembership([membership(2, ...three)])
  agent('n1').connect(tracker, { bootId: 'boot-2', instance: 'after the boot' })
  tracker.admit({ nodeName: 'n1', bootId: 'boot-2', wasFenced: true })
  clock.advance(2_000)
  expect(sights.get('n1')?.kind).toBe('seen')
  // The control plane is cut off: all may be keeping their pods.
  for (const name of three) agent(name).up = false
  clock.advance(1_500)
  const relay = tracker.connect({ kind: 'control-plane' }, () => {})
  relay.take({ message: { $case: 'hello', value: { nodeName: 'n1', bootId: 'boot-1', instance: 'n1-1', agentStartedMs: 1, peerAddress: 'n1:1' } }, relayedNode: 'n1' })
  relay.take({ message: { $case: 'beat', value: { sequence: 999, echoedAck: 0, epoch: 1 } }, relayedNode: 'n1' })
  clock.advance(10_000)
  expect(sights.get('n1')?.kind).toBe('silent')
})

test('a machine boots anew while it is still being admitted under the boot before: it is known to have booted', () => {
  const { clock, tracker, sights, agent } = trackedWorld('n1')
  clock.advance(1_000)
  agent('n1').close()
  clock.advance(500)
  agent('n1').connect(tracker, { bootId: 'boot-2', instance: 'n1-2' })
  clock.advance(100)
  tracker.admit({ nodeName: 'n1', bootId: 'boot-1' })
  clock.advance(1_000)
  expect(sights.get('n1')).toMatchObject({ kind: 'silent', rebooted: { bootId: 'boot-2' } })
  // The only member: without it nobody is seen, and by its silence nobody would ever be given up.
  clock.advance(REBOOT_PATIENCE_MS + 500)
  expect(sights.get('n1')).toMatchObject({ kind: 'fenced', evidence: { kind: 'rebooted', bootId: 'boot-2' } })
})
