/** Whom a leader acks, sees, and judges by its silence. */
import { expect, test } from 'vitest'
import type { ToControlPlane } from '../../proto/gen/node/v1/heartbeat.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import { handClock, membership, trackedWorld } from './testing.ts'
import { HeartbeatTracker } from './tracker.ts'

const three = ['n1', 'n2', 'n3'] as const

test('a member is told the epoch, then acked, and is seen when it has echoed an ack', () => {
  const { clock, sights, acked, visions, agent } = trackedWorld(...three)
  expect(agent('n1').heard.map(({ message }) => message?.$case)).toEqual(['epoch'])
  clock.advance(250)
  expect(agent('n1').heard.map(({ message }) => message?.$case)).toContain('ack')
  expect([...sights.values()].map(({ kind }) => kind)).toEqual(['seen', 'seen', 'seen'])
  expect([...acked]).toEqual([['n1', 1], ['n2', 1], ['n3', 1]])
  expect(visions).toEqual([true, false])
  clock.advance(1_000)
  const epochs = agent('n1').heard.flatMap(({ message }) => (message?.$case === 'epoch' ? [message.value] : []))
  expect(epochs.at(-1)).toMatchObject({ number: 1, leaseMs: 1_200, members: [{ name: 'n1', peerAddress: 'n1:1' }, { name: 'n2', peerAddress: 'n2:1' }, { name: 'n3', peerAddress: 'n3:1' }] })
  expect(epochs.length).toBeLessThan(4)
})

test('a silent member is fenced when its lease has ended, and not acked again until it is admitted', () => {
  const { clock, tracker, sights, agent } = trackedWorld(...three)
  clock.advance(3_000)
  const lastBeatMs = clock.monotonicMs()
  agent('n2').up = false
  clock.advance(450)
  expect(sights.get('n2')).toMatchObject({ kind: 'silent' })
  clock.advance(650)
  expect(sights.get('n2')?.kind).toBe('silent')
  clock.advance(150)
  expect(sights.get('n2')).toMatchObject({ kind: 'fenced', evidence: { kind: 'lease-ended', seen: 2, of: 3 } })
  expect(clock.monotonicMs() - lastBeatMs).toBeLessThan(1_300)
  agent('n2').up = true
  clock.advance(500)
  expect(agent('n2').isAcked()).toBe(false)
  expect(agent('n2').refusal).toContain('FENCED: the pods of "n2" were given to others')
  tracker.setMembership([membership(2, 'n1', 'n3')])
  tracker.setMembership([membership(2, 'n1', 'n3'), membership(3, ...three)])
  tracker.admit({ nodeName: 'n2', bootId: 'boot-1' })
  clock.advance(200)
  expect(sights.get('n2')?.kind).toBe('fenced')
  tracker.admit({ nodeName: 'n2', bootId: 'boot-1', wasFenced: true })
  clock.advance(350)
  expect(agent('n2').isAcked()).toBe(true)
  expect([sights.get('n2')?.kind, agent('n2').epoch]).toEqual(['seen', 3])
})

test('acks that do not arrive count as silence, although the beats come: no more are given, and the lease ends', () => {
  const { clock, sights, agent } = trackedWorld(...three)
  clock.advance(2_000)
  agent('n3').down = false
  clock.advance(900)
  expect(sights.get('n3')?.kind).toBe('silent')
  clock.advance(1_200)
  expect(agent('n3').isAcked()).toBe(false)
  expect(sights.get('n3')?.kind).toBe('fenced')
})

test('a short loss of acks is no harm: what was sent meanwhile arrives, is echoed, and acks go on', () => {
  const { clock, sights, story, agent } = trackedWorld(...three)
  clock.advance(2_000)
  agent('n3').down = false
  clock.advance(1_300)
  expect(sights.get('n3')?.kind).toBe('silent')
  agent('n3').down = true
  clock.advance(3_000)
  expect([sights.get('n3')?.kind, story.includes('n3 fenced')]).toEqual(['seen', false])
})

test('who sees fewer than half does not judge, and says so', () => {
  const { clock, sights, story, visions, agent } = trackedWorld(...three)
  clock.advance(6_000)
  agent('n2').close()
  agent('n3').close()
  clock.advance(10_000)
  expect(sights.get('n2')).toMatchObject({ kind: 'silent', undecided: { seen: 1, of: 3 } })
  expect(visions.at(-1)).toBe(true)
  expect(story.filter((line) => line.endsWith('fenced'))).toEqual([])
})

test('after blindness nobody is judged before a lease has passed', () => {
  const world = trackedWorld(...three)
  const { clock, sights, agent } = world
  clock.advance(6_000)
  agent('n2').close()
  agent('n3').close()
  clock.advance(5_000)
  agent('n2').connect(world.tracker, { instance: 'n2-again' })
  clock.advance(200)
  const clearMs = clock.monotonicMs()
  expect(world.visions.at(-1)).toBe(false)
  for (; sights.get('n3')?.kind !== 'fenced'; clock.advance(10)) expect(clock.monotonicMs() - clearMs).toBeLessThan(1_400)
  expect(clock.monotonicMs() - clearMs).toBeGreaterThan(1_000)
})

test('a control plane that was late itself gives everybody a whole lease', () => {
  const { clock, sights, agent } = trackedWorld(...three)
  clock.advance(3_000)
  agent('n2').up = false
  clock.advance(1_000)
  clock.stall(500)
  expect(sights.get('n2')?.kind).toBe('silent')
  clock.advance(1_100)
  expect(sights.get('n2')?.kind).toBe('silent')
  clock.advance(200)
  expect(sights.get('n2')?.kind).toBe('fenced')
})

test('a new leadership is blind at first, whatever was before', () => {
  const { clock, tracker, sights, agent } = trackedWorld(...three)
  clock.advance(3_000)
  agent('n2').up = false
  clock.advance(1_100)
  tracker.lead({ inUse: [membership(1, ...three)], fenced: [], admitted: three.map((nodeName) => ({ nodeName, bootId: 'boot-1' })) })
  clock.advance(1_100)
  expect(sights.get('n2')?.kind).not.toBe('fenced')
  clock.advance(400)
  expect(sights.get('n2')?.kind).toBe('fenced')
})

test('nobody is acked without a leadership that is certain', () => {
  const { clock, tracker, agent } = trackedWorld('n1')
  clock.advance(1_000)
  tracker.mayAckUntil(clock.monotonicMs() + 500)
  clock.advance(900)
  expect(agent('n1').isAcked(350)).toBe(false)
  expect(agent('n1').refusal).toContain('NOT_LEADING')
  tracker.mayAckUntil(clock.monotonicMs() + 5_000)
  clock.advance(200)
  expect(agent('n1').isAcked()).toBe(true)
  tracker.follow()
  clock.advance(500)
  expect(agent('n1').isAcked()).toBe(false)
})

test('a node that speaks while no ack is given for want of certainty is not called silent', () => {
  const { clock, tracker, story, visions } = trackedWorld(...three)
  clock.advance(6_000)
  const before = story.length
  tracker.mayAckUntil(clock.monotonicMs())
  clock.advance(5_000)
  expect(story.length).toBe(before)
  expect(visions.at(-1)).toBe(true)
  tracker.mayAckUntil(Number.POSITIVE_INFINITY)
  clock.advance(5_000)
  expect([story.length, visions.at(-1)]).toEqual([before, false])
})

test('nor while it replaces its connection then', () => {
  const { clock, tracker, story, agent } = trackedWorld(...three)
  clock.advance(6_000)
  const before = story.length
  tracker.mayAckUntil(clock.monotonicMs())
  for (let connections = 0; connections < 5; connections++) {
    clock.advance(1_000)
    agent('n2').close()
    clock.advance(60)
    agent('n2').connect(tracker)
  }
  tracker.mayAckUntil(Number.POSITIVE_INFINITY)
  clock.advance(5_000)
  expect(story.slice(before)).toEqual([])
})

test('each beat is answered, though it be always by the same refusal: who hears nothing takes its connection for a broken one', () => {
  const { clock, tracker, agent } = trackedWorld(...three)
  clock.advance(1_000)
  const refusals = (): number => agent('n1').heard.filter(({ message }) => message?.$case === 'noAck').length
  tracker.mayAckUntil(clock.monotonicMs())
  clock.advance(1_050)
  expect(refusals()).toBe(10)
  tracker.follow()
  clock.advance(1_000)
  expect(refusals()).toBe(20)
})

test('a beat that comes on a second way, too, is acked on the first and answered on both', () => {
  const { clock, tracker } = trackedWorld('n1')
  clock.advance(1_000)
  const heard: Array<string | undefined> = []
  const connections = ['direct', 'relayed'].map((way) => tracker.connect(way === 'direct' ? { kind: 'node', nodeName: 'n2' } : { kind: 'control-plane' }, ({ message, relayedNode }) => void heard.push(`${way} ${relayedNode} ${message?.$case}`)))
  const say = (message: ToControlPlane['message']): void => connections.forEach((connection, at) => connection.take({ message, ...(at === 0 ? { relayedNode: '' } : { relayedNode: 'n2', relayedInstance: 'i' }) }))
  tracker.setMembership([membership(1, 'n1', 'n2')])
  tracker.admit({ nodeName: 'n2', bootId: 'boot-1' })
  say({ $case: 'hello', value: { nodeName: 'n2', bootId: 'boot-1', instance: 'i', agentStartedMs: 1, peerAddress: '' } })
  say({ $case: 'beat', value: { sequence: 1, echoedAck: 0, epoch: 1 } })
  expect(heard).toEqual(['direct  epoch', 'direct  ack', 'relayed n2 undefined'])
})

test('an echo of an ack that another leader gave proves nothing', () => {
  const clock = handClock()
  const make = (seed: number): HeartbeatTracker => {
    const tracker = new HeartbeatTracker({ clock, random: seededRandom(seed), listener: { onSight: () => {}, onEpochAcked: () => {}, onVision: ({ blind }) => void (vision = blind), onRestart: () => {} } })
    tracker.lead({ inUse: [membership(1, 'n1')], fenced: [], admitted: [{ nodeName: 'n1', bootId: 'boot-1' }] })
    tracker.mayAckUntil(Number.POSITIVE_INFINITY)
    return tracker
  }
  let vision: boolean | undefined
  const number = (of: HeartbeatTracker, echo: number): number => {
    let given = 0
    const connection = of.connect({ kind: 'node', nodeName: 'n1' }, ({ message }) => void (message?.$case === 'ack' && (given = message.value.number)))
    connection.take({ message: { $case: 'hello', value: { nodeName: 'n1', bootId: 'boot-1', instance: 'i', agentStartedMs: 1, peerAddress: '' } }, relayedNode: '' })
    connection.take({ message: { $case: 'beat', value: { sequence: 1, echoedAck: 0, epoch: 1 } }, relayedNode: '' })
    connection.take({ message: { $case: 'beat', value: { sequence: 2, echoedAck: echo === 0 ? given : echo, epoch: 1 } }, relayedNode: '' })
    clock.advance(20)
    return given
  }
  const first = number(make(1), 0)
  expect(vision).toBe(false)
  number(make(2), first)
  expect(vision).toBe(true)
})

test("a person's word counts when the node's lease is over, not while it is heard", () => {
  const { clock, tracker, agent, sights } = trackedWorld(...three)
  clock.advance(2_000)
  tracker.fence('n2', { kind: 'confirmed', by: 'ann' })
  clock.advance(3_000)
  expect(sights.get('n2')?.kind).toBe('seen')
  agent('n2').close()
  agent('n3').close()
  clock.advance(600)
  tracker.fence('n2', { kind: 'confirmed', by: 'ann' })
  expect(sights.get('n2')?.kind).toBe('silent')
  clock.advance(700)
  expect(sights.get('n2')).toEqual({ kind: 'fenced', evidence: { kind: 'confirmed', by: 'ann' } })
  expect(sights.get('n3')?.kind).toBe('silent')
})

test('a node whose Node object is deleted is acked no more and judged by its lease; if it was silent already, that decides', () => {
  const { clock, tracker, agent, sights } = trackedWorld(...three)
  clock.advance(6_000)
  tracker.forget('n1')
  clock.advance(1_100)
  expect(agent('n1').refusal).toContain('NOT_REGISTERED: the Node object of "n1" was deleted')
  clock.advance(300)
  expect(sights.get('n1')).toMatchObject({ kind: 'fenced', evidence: { kind: 'lease-ended' } })
  tracker.setMembership([membership(2, 'n2', 'n3')])
  agent('n2').close()
  agent('n3').close()
  clock.advance(3_000)
  tracker.forget('n2')
  clock.advance(50)
  expect(sights.get('n2')).toMatchObject({ kind: 'fenced', evidence: { kind: 'confirmed', by: 'the deletion of its Node object' } })
})

test('an agent whose session stays away is not acked for long', () => {
  const { clock, tracker, agent, sights } = trackedWorld(...three)
  clock.advance(1_000)
  tracker.setSession('n2', false)
  clock.advance(4_900)
  expect(agent('n2').isAcked()).toBe(true)
  clock.advance(400)
  expect(agent('n2').refusal).toMatch(/NOT_REGISTERED: "n2" has had no session for \d+ ms/)
  clock.advance(1_200)
  expect(sights.get('n2')?.kind).toBe('fenced')
})

test('what was fenced before stays so for the next leader', () => {
  const { clock, tracker, agent, sights } = trackedWorld(...three)
  tracker.lead({ inUse: [membership(2, 'n1', 'n3')], fenced: [{ nodeName: 'n2', evidence: { kind: 'confirmed', by: 'ann' } }], admitted: ['n1', 'n3'].map((nodeName) => ({ nodeName, bootId: 'boot-1' })) })
  clock.advance(300)
  expect(agent('n2').refusal).toContain('FENCED')
  expect([sights.get('n1')?.kind, sights.get('n3')?.kind]).toEqual(['seen', 'seen'])
})

test('a node may not speak for another, nor hand on, nor begin without a greeting', () => {
  const { tracker } = trackedWorld('n1')
  const hello = (nodeName: string, relayedNode = '') => ({ message: { $case: 'hello', value: { nodeName, bootId: 'b', instance: 'i', agentStartedMs: 1, peerAddress: '' } }, relayedNode }) as const
  const connect = () => tracker.connect({ kind: 'node', nodeName: 'n7' }, () => {})
  expect(() => connect().take(hello('n1'))).toThrow("the certificate is node n7's, the agent says it is n1")
  expect(() => connect().take(hello('n7', 'n1'))).toThrow("hands on what is another's")
  expect(() => connect().take({ message: { $case: 'beat', value: { sequence: 1, echoedAck: 0, epoch: 0 } }, relayedNode: '' })).toThrow('begin with Hello')
})

/** It would be told to every other member, until what is told is too long to be sent. */
test('a greeting longer than names and addresses are is refused', () => {
  const { tracker } = trackedWorld('n1')
  const greet = (more: object) => () => tracker.connect({ kind: 'node', nodeName: 'n7' }, () => {}).take({ message: { $case: 'hello', value: { nodeName: 'n7', bootId: 'b', instance: 'i', agentStartedMs: 1, peerAddress: 'n7:1', ...more } }, relayedNode: '' })
  expect(greet({})).not.toThrow()
  for (const field of ['bootId', 'instance', 'peerAddress']) expect(greet({ [field]: 'x'.repeat(1_000_000) })).toThrow(`${field} is longer than`)
})
