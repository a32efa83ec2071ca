import { expect, test, vi } from 'vitest'
import { NoAck_Reason, type ToAgent } from '../../proto/gen/node/v1/heartbeat.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import { DEFAULT_TERMS } from '../../shared/model/fencing-terms.ts'
import { testCluster, type TestCluster } from './testing.ts'

// Minutes of a cluster's life, also where many tests run at once.
vi.setConfig({ testTimeout: 60_000 })

const terms = DEFAULT_TERMS

async function settled(size = 3, seed = 1): Promise<TestCluster> {
  const cluster = testCluster(size, terms, seededRandom(seed))
  await cluster.clock.advance(2_000)
  expect(cluster.nodes.map(({ right }) => right.kind)).toEqual(cluster.nodes.map(() => 'held'))
  return cluster
}

test('before the first ack there is no right, and what runs is to be dead', () => {
  const { nodes } = testCluster(1, terms, seededRandom(1))
  expect(nodes.map(({ right, store }) => [right.kind, store.killAtMs])).toEqual([['none', 0]])
})

test('acked beats hold the right; the deadline is K before its end', async () => {
  const { nodes, clock } = await settled()
  for (const { right, store } of nodes) {
    expect(right.kind === 'held' && right.untilMs - terms.killMs).toBe(store.killAtMs)
    expect(store.killAtMs).toBeGreaterThan(clock.monotonicMs() + 900)
  }
})

test('a node that is cut off stops its pods before it is judged, and says why', async () => {
  const { wires, plane, node, clock, kills } = await settled()
  let judgedMs = 0
  plane.onExpired = () => void (judgedMs = clock.monotonicMs())
  wires.isolate('n2', ['n1', 'n3', 'plane'])
  await clock.advance(2_000)
  expect([...plane.fenced]).toEqual(['n2'])
  expect(node('n2').killedMs).toBeLessThan(judgedMs - terms.killMs + 1)
  expect(node('n2').right).toMatchObject({ kind: 'ended', lost: 1, of: 3 })
  expect(kills()).toBe(1)
})

test('that it is fenced counts until a newer beat is acked: it may have been under way while the node was admitted again', async () => {
  const { plane, node, clock, kills } = await settled()
  const fenced = (sequence: number): ToAgent => ({ relayedNode: '', message: { $case: 'noAck', value: { reason: NoAck_Reason.FENCED, message: 'given to others', sequence } } })
  plane.late = (name, sequence) => (name === 'n2' ? [fenced(sequence - 2)] : [])
  await clock.advance(2_000)
  expect([node('n2').right.kind, kills(), node('n2').notes.filter(({ kind }) => kind === 'no-ack')]).toEqual(['held', 0, []])
  plane.late = (name, sequence) => (name === 'n2' ? [fenced(sequence + 1)] : [])
  await clock.advance(150)
  expect(kills()).toBeGreaterThan(0)
})

test('one-way losses end the right like whole ones', async () => {
  for (const way of ['n2>plane', 'plane>n2']) {
    const { wires, plane, node, clock } = await settled()
    let judgedMs = 0
    plane.onExpired = () => void (judgedMs = clock.monotonicMs())
    wires.cut.add(way)
    await clock.advance(2_500)
    expect(node('n2').right, way).toMatchObject({ kind: 'ended', contradictedBy: 'n1' })
    expect(node('n2').killedMs, way).toBeLessThan(judgedMs)
  }
})

test('the control plane is away for a minute: nothing stops, and leases hold again when it is back', async () => {
  const { plane, clock, nodes, kills } = await settled(5)
  plane.isUp = false
  await clock.advance(60_000)
  expect(nodes.map(({ right }) => right.kind)).toEqual(nodes.map(() => 'kept'))
  plane.isUp = true
  plane.startOver()
  await clock.advance(3_000)
  expect(nodes.map(({ right }) => right.kind)).toEqual(nodes.map(() => 'held'))
  expect([kills(), plane.fenced.size]).toEqual([0, 0])
})

test('the same with many nodes, who ask each other no more often than a majority wants', async () => {
  const { plane, clock, nodes, kills } = await settled(23)
  let answers = 0
  for (const { keeper } of nodes) {
    const answer = keeper.answer.bind(keeper)
    keeper.answer = (question) => {
      answers++
      return answer(question)
    }
  }
  plane.isUp = false
  await clock.advance(3_000)
  expect(nodes.map(({ right }) => right.kind)).toEqual(nodes.map(() => 'kept'))
  answers = 0
  await clock.advance(2_000)
  // Of 20 times 22 each second.
  expect(answers / 2 / nodes.length).toBeLessThan(120)
  plane.isUp = true
  plane.startOver()
  await clock.advance(3_000)
  expect([kills(), plane.fenced.size, new Set(nodes.map(({ right }) => right.kind))]).toEqual([0, 0, new Set(['held'])])
})

test('while it is away: a minority that is cut off stops, the others go on', async () => {
  const { plane, wires, clock, node, kills } = await settled(5)
  plane.isUp = false
  await clock.advance(5_000)
  for (const name of ['n1', 'n2']) wires.isolate(name, ['n3', 'n4', 'n5'])
  await clock.advance(5_000)
  expect(['n1', 'n2', 'n3', 'n4', 'n5'].map((name) => node(name).right.kind)).toEqual(['ended', 'ended', 'kept', 'kept', 'kept'])
  expect(kills()).toBe(2)
})

test('a node that boots while it is away does not make the others stop', async () => {
  const { plane, clock, node, restart } = await settled(3)
  plane.isUp = false
  await clock.advance(3_000)
  node('n3').bootId = 'another'
  await restart('n3', 500)
  await clock.advance(5_000)
  expect([node('n1').right.kind, node('n2').right.kind, node('n3').right.kind]).toEqual(['kept', 'kept', 'none'])
})

test('an agent that is started again within the lease goes on with it: nothing is killed', async () => {
  const { clock, node, restart, kills } = await settled()
  await restart('n1', 700)
  expect(node('n1').right.kind).toBe('held')
  await clock.advance(2_000)
  expect([node('n1').right.kind, kills()]).toEqual(['held', 0])
})

test('after another boot, or under another name, nothing of before counts', async () => {
  const { node, restart, plane } = await settled()
  plane.isUp = false
  node('n1').bootId = 'another'
  await restart('n1', 100)
  expect([node('n1').right.kind, node('n1').store.killAtMs]).toEqual(['none', 0])
})

test('an agent whose main thread hangs gives no sign of life', async () => {
  const { clock, node, plane } = await settled()
  node('n1').isAlive = false
  await clock.advance(2_500)
  expect([...plane.fenced]).toEqual(['n1'])
  expect(node('n1').notes.filter(({ kind }) => kind === 'agent-hangs')).toHaveLength(1)
})

test('a fenced node is told so, ends at once, and is held again when it is acked again', async () => {
  const { clock, node, plane } = await settled()
  plane.fenced.add('n1')
  const nowMs = clock.monotonicMs()
  await clock.advance(300)
  expect(node('n1').killedMs).toBeLessThan(nowMs + 150)
  expect(node('n1').right.kind).toBe('ended')
  expect(node('n1').notes.at(-1)).toMatchObject({ kind: 'no-ack', reason: 'fenced', message: 'n1 is fenced' })
  plane.fenced.delete('n1')
  await clock.advance(300)
  expect(node('n1').right.kind).toBe('held')
})

test('a member that cannot be reached is named, and named no more when it can be', async () => {
  const { clock, node, wires } = await settled()
  wires.cutBoth('n1', 'n3')
  await clock.advance(9_000)
  expect(node('n1').unreachable.map(({ name, address }) => `${name} ${address}`)).toEqual(['n3 n3:6447'])
  expect(node('n2').unreachable).toEqual([])
  wires.cut.clear()
  await clock.advance(8_000)
  expect(node('n1').unreachable).toEqual([])
})

test('a newer membership is confirmed by the next beat, an older one is not taken any more', async () => {
  const { clock, node, plane } = await settled()
  plane.inUse = [...plane.inUse, { epoch: 7, members: ['n1', 'n2'], terms }]
  await clock.advance(500)
  expect(node('n1').store.read().state?.membership).toMatchObject({ epoch: 7, members: ['n1', 'n2'] })
  plane.inUse = [{ epoch: 3, members: ['n1', 'n2', 'n3'], terms }]
  await clock.advance(500)
  expect(node('n1').store.read().state?.membership.epoch).toBe(7)
})

test('an agent that was away when its deadline passed brings nothing back by asking others', async () => {
  const cluster = await settled()
  const { clock, plane, node } = cluster
  plane.isUp = false
  await cluster.restart('n2', 2_500)
  await clock.advance(1_000)
  expect([node('n1').right.kind, node('n2').right.kind, node('n3').right.kind]).toEqual(['kept', 'ended', 'kept'])
  plane.isUp = true
  plane.startOver()
  await clock.advance(1_000)
  expect(node('n2').right.kind).toBe('held')
})

test('an ack that was under way for longer than a lease brings nothing back', async () => {
  const { wires, clock, plane, node } = await settled()
  const held: Array<() => void> = []
  const carry = wires.carry.bind(wires)
  wires.carry = (from, to, arrive) => (from === 'plane' && to === 'n2' ? void held.push(arrive) : carry(from, to, arrive))
  wires.isolate('n2', ['n1', 'n3'])
  await clock.advance(1_000)
  plane.isUp = false
  await clock.advance(2_000)
  expect(node('n2').right.kind).toBe('ended')
  wires.cut.clear()
  wires.carry = carry
  for (const arrive of held) arrive()
  await clock.advance(1_000)
  expect(node('n2').right.kind).toBe('ended')
  expect([node('n1').right.kind, node('n3').right.kind]).toEqual(['kept', 'kept'])
})

test('a peer that has booted meanwhile, and has had no ack, contradicts nobody and counts after a while', async () => {
  const cluster = await settled()
  const { wires, clock, plane, node, kills } = cluster
  plane.isUp = false
  await clock.advance(2_000)
  node('n3').bootId = 'another boot'
  await cluster.restart('n3', 500)
  await clock.advance(1_500)
  wires.isolate('n2', ['n1', 'n3'])
  const before = kills()
  await clock.advance(10_000)
  expect(kills() - before).toBe(1)
  expect([node('n1').right.kind, node('n2').right.kind, node('n3').right.kind]).toEqual(['kept', 'ended', 'none'])
})

test('a leader that does not know yet where peers are asked takes no peer away', async () => {
  const { clock, plane, nodes, kills } = await settled()
  const take = plane.take.bind(plane)
  plane.take = (name, message) =>
    take(name, message).map((answer) => (answer.message?.$case === 'epoch' ? { ...answer, message: { $case: 'epoch', value: { ...answer.message.value, members: answer.message.value.members.map((member) => ({ ...member, peerAddress: '' })) } } } : answer))
  plane.inUse = plane.inUse.map((membership) => ({ ...membership, epoch: membership.epoch + 1 }))
  plane.startOver()
  await clock.advance(300)
  plane.isUp = false
  await clock.advance(5_000)
  expect(nodes.map(({ right }) => right.kind)).toEqual(['kept', 'kept', 'kept'])
  expect(kills()).toBe(0)
})
