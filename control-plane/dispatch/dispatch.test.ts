import { expect, test } from 'vitest'
import { AssignmentChange_Kind, Assignments_Type, type AgentMessage, type Assignments, type ServerMessage } from '../../proto/gen/node/v1/session.ts'
import type { Duplex } from '../../proto/rpc.ts'
import { channel } from '../../shared/kit/channel.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import type { EndpointSlice, Node, Pod, PodStatus } from '../../shared/model/gen/api.ts'
import { configMaps, endpointSlices, nodes, pods } from '../../shared/model/resources.ts'
import { START_TIMELINE } from '../../shared/model/start-timeline.ts'
import { world, type World } from '../controllers/testing.ts'
import { createDispatch, type Dispatch } from './dispatch.ts'
import { HOLD_MS, LINGER_MS } from './service-maps.ts'
import { fakeAdmissions, fakeLiveness, fencedState } from './testing.ts'

interface TestAgent {
  readonly heard: ServerMessage[]
  say(message: NonNullable<AgentMessage['message']>): void
  assignments(): readonly Assignments[]
  hangUp(): void
  /** By the server. */
  isClosed(): boolean
}

function agentOf(dispatch: Dispatch, name: string, bootId = 'boot-1', said: Partial<Node> = {}): TestAgent {
  const up = channel<AgentMessage>()
  const heard: ServerMessage[] = []
  let isClosed = false
  const server: Duplex<ServerMessage, AgentMessage> = { send: (message) => void heard.push(message), drained: () => Promise.resolve(), incoming: up, close: () => ((isClosed = true), up.close()) }
  dispatch.session(name, server).catch(() => {})
  const node: Node = { ...said, metadata: { ...said.metadata, name }, status: { conditions: [{ type: 'Ready', status: 'True' }] } }
  up.push({ message: { $case: 'register', value: { nodeName: name, bootId, agentStartedMs: 1, node: Buffer.from(JSON.stringify(node)), version: 'v' } } })
  return {
    heard,
    say: (message) => void up.push({ message }),
    hangUp: () => up.close(),
    isClosed: () => isClosed,
    assignments: () => heard.flatMap(({ message }) => (message?.$case === 'assignments' ? [message.value] : [])),
  }
}

interface Dispatched extends Dispatch {
  readonly liveness: ReturnType<typeof fakeLiveness>
  readonly admissions: ReturnType<typeof fakeAdmissions>
}

async function dispatched(at: World): Promise<Dispatched> {
  const liveness = fakeLiveness()
  const admissions = fakeAdmissions(liveness)
  const dispatch = createDispatch({ client: at.client, informers: at.informers, clock: at.clock, random: seededRandom(1), log: silentLog, liveness, admissions })
  const stop = new AbortController()
  dispatch.run(stop.signal).catch(() => {})
  await at.start()
  await at.clock.advance(10)
  return { ...dispatch, liveness, admissions }
}

const podOn = (name: string, nodeName: string, status: PodStatus = {}): Pod => ({ metadata: { name, namespace: 'default', uid: `uid-${name}` }, spec: { nodeName, containers: [{ name: 'c', envFrom: [{ configMapRef: { name: 'settings' } }] }] }, status })
const keysOf = (message: Assignments | undefined): readonly string[] => (message?.changes ?? []).map(({ kind, key }) => `${Object.entries(AssignmentChange_Kind).find(([, value]) => value === kind)?.[0]} ${key}`).sort()

test('an agent is told its own pods and what they refer to, then differences in a chain', async () => {
  await using at = world()
  const dispatch = await dispatched(at)
  await at.client.create(configMaps, { metadata: { name: 'settings', namespace: 'default' }, data: { a: '1' } })
  await at.client.create(configMaps, { metadata: { name: 'other', namespace: 'default' } })
  await at.client.create(pods, podOn('mine', 'n1'))
  await at.client.create(pods, podOn('theirs', 'n2'))
  await at.clock.advance(10)
  const agent = agentOf(dispatch, 'n1')
  await at.clock.advance(100)
  const [complete] = agent.assignments()
  expect(complete).toMatchObject({ type: Assignments_Type.COMPLETE, resultsIn: '1' })
  expect(keysOf(complete).filter((key) => !key.startsWith('NODE'))).toEqual(['CONFIG_MAP default/settings', 'POD default/mine'])
  const before = agent.assignments().length
  await at.client.update(configMaps, { metadata: { name: 'settings', namespace: 'default' }, data: { a: '2' } })
  await at.clock.advance(100)
  const next = agent.assignments().slice(before).find((message) => keysOf(message).includes('CONFIG_MAP default/settings'))
  expect(next).toMatchObject({ type: Assignments_Type.INCREMENTAL })
  const chain = agent.assignments()
  for (let i = 1; i < chain.length; i++) expect(chain[i]?.appliesTo).toBe(chain[i - 1]?.resultsIn)
})

test('a node hears of its own labels and taints, the others do not', async () => {
  await using at = world()
  const dispatch = await dispatched(at)
  const [one, two] = [agentOf(dispatch, 'n1'), agentOf(dispatch, 'n2')]
  await at.clock.advance(100)
  const before = two.assignments().length
  await at.client.patch(nodes, { name: 'n1' }, { type: 'strategic', body: { metadata: { labels: { disk: 'fast' } }, spec: { taints: [{ key: 'a', effect: 'NoExecute' }] } } })
  await at.clock.advance(100)
  const heard = one.assignments().flatMap(({ changes }) => changes.filter(({ key }) => key === 'n1').map(({ object }) => JSON.parse(object.toString()) as Node))
  expect(heard.at(-1)).toMatchObject({ metadata: { labels: { disk: 'fast' } }, spec: { taints: [{ key: 'a', effect: 'NoExecute' }] } })
  expect(two.assignments().slice(before).flatMap(keysOf)).toEqual([])
  for (const { changes } of two.assignments()) for (const { key, object } of changes) if (key === 'n1' && object.length > 0) expect((JSON.parse(object.toString()) as Node).metadata.labels).toBeUndefined()
})

test('a second agent with the same name is refused while the first gives signs of life', async () => {
  await using at = world()
  const dispatch = await dispatched(at)
  agentOf(dispatch, 'n1')
  await at.clock.advance(50)
  const second = agentOf(dispatch, 'n1', 'another-boot')
  await at.clock.advance(50)
  expect(second.heard[0]?.message).toMatchObject({ $case: 'refused', value: { message: expect.stringContaining('another agent is registered as node "n1"') as string } })
})

/** Found by the simulation: the session of a machine that had lost its power stood in the way of its name for ever. */
test('a session that still waits for what another machine was granted is told nothing and asked nothing, and ends when its agent has gone', async () => {
  await using at = world()
  const dispatch = await dispatched(at)
  dispatch.admissions.whenGrantsAreOver = (_name, bootId, signal) => (bootId === 'boot-2' ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))) : Promise.resolve())
  const created = await at.client.create(pods, podOn('p', 'n1'))
  const waiting = agentOf(dispatch, 'n1', 'boot-2')
  await at.clock.advance(50)
  waiting.say({ $case: 'podStatuses', value: { reports: [{ namespace: 'default', name: 'p', uid: created.metadata.uid ?? '', status: Buffer.from(JSON.stringify({ phase: 'Failed' })), removed: false, timeline: Buffer.alloc(0) }] } })
  await at.clock.advance(50)
  expect([waiting.assignments(), (await at.client.get(pods, { namespace: 'default', name: 'p' })).status?.phase]).toEqual([[], created.status?.phase])
  waiting.hangUp()
  await at.clock.advance(50)
  const next = agentOf(dispatch, 'n1', 'boot-1')
  await at.clock.advance(100)
  expect([waiting.isClosed(), next.assignments().length > 0]).toEqual([true, true])
})

test('a node does not decide its own pod range, owners or roles', async () => {
  await using at = world()
  const dispatch = await dispatched(at)
  agentOf(dispatch, 'n1', 'boot-1', { metadata: { labels: { disk: 'ssd' }, finalizers: ['a/b'] }, spec: { podCIDR: '10.244.7.0/24' } })
  const refused = agentOf(dispatch, 'n2', 'boot-1', { metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } } })
  await at.clock.advance(50)
  const made = await at.client.get(nodes, { name: 'n1' })
  expect(made.metadata.labels).toMatchObject({ disk: 'ssd' })
  expect([made.metadata.finalizers, made.spec?.podCIDR]).toEqual([undefined, undefined])
  expect(refused.heard.at(-1)?.message).toMatchObject({ $case: 'refused', value: { message: expect.stringContaining('is not allowed to modify labels: node-role.kubernetes.io/control-plane') as string } })
  await expect(at.client.get(nodes, { name: 'n2' })).rejects.toThrow('not found')
})

test("what a node said of its pod is written again when somebody else changed it, while the node is seen", async () => {
  await using at = world()
  const dispatch = await dispatched(at)
  const created = await at.client.create(pods, podOn('p', 'n1'))
  const agent = agentOf(dispatch, 'n1')
  await at.clock.advance(50)
  const status: PodStatus = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
  agent.say({ $case: 'podStatuses', value: { reports: [{ namespace: 'default', name: 'p', uid: created.metadata.uid ?? '', status: Buffer.from(JSON.stringify(status)), removed: false, timeline: Buffer.alloc(0) }] } })
  await at.clock.advance(50)
  const stored = await at.client.get(pods, { namespace: 'default', name: 'p' })
  expect(stored.status?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }])
  await at.client.update(pods, { ...stored, status: { ...stored.status, conditions: [{ type: 'Ready', status: 'False' }] } }, { subresource: 'status' })
  await at.clock.advance(50)
  expect((await at.client.get(pods, { namespace: 'default', name: 'p' })).status?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }])
})

test('how a pod’s start went is written with its status, and not told to its node; what came after is no part of it', async () => {
  await using at = world()
  const dispatch = await dispatched(at)
  const created = await at.client.create(pods, { ...podOn('p', ''), spec: { containers: [{ name: 'c' }] } })
  await at.clock.advance(40)
  await at.client.update(pods, { ...created, spec: { containers: [{ name: 'c' }], nodeName: 'n1' } })
  const agent = agentOf(dispatch, 'n1')
  await at.clock.advance(50)
  const told = agent.assignments().length
  const report = (phase: string, timeline: object) => agent.say({ $case: 'podStatuses', value: { reports: [{ namespace: 'default', name: 'p', uid: created.metadata.uid ?? '', status: Buffer.from(JSON.stringify({ phase })), removed: false, timeline: Buffer.from(JSON.stringify(timeline)) }] } })
  const seenMs = at.clock.nowMs()
  report('Running', { seenMs, image: 3, network: 20, volumes: 5, created: 30, started: 31, ready: 40 })
  await at.clock.advance(200)
  const stored = async () => JSON.parse((await at.client.get(pods, { namespace: 'default', name: 'p' })).metadata.annotations?.[START_TIMELINE] ?? '[]') as unknown
  const steps = [{ step: 'queued', ms: 40 }, { step: 'bound', ms: 50 }, { step: 'image', ms: 3 }, { step: 'network', ms: 20 }, { step: 'volumes', ms: 5 }, { step: 'created', ms: 10 }, { step: 'started', ms: 1 }, { step: 'ready', ms: 9 }]
  expect(await stored()).toEqual(steps)
  report('Failed', { seenMs, image: 3, started: 7000 })
  await at.clock.advance(200)
  expect(await stored()).toEqual(steps)
  expect(agent.assignments()).toHaveLength(told)
})

/** Seed 29 of the simulation: the late report of the old pod took the place of the new one's, which stayed unready then. */
test('what a node says late of a pod that is gone takes nothing from another under its name', async () => {
  await using at = world()
  const dispatch = await dispatched(at)
  const created = await at.client.create(pods, podOn('p', 'n1'))
  const agent = agentOf(dispatch, 'n1')
  await at.clock.advance(50)
  const report = (uid: string, status: PodStatus) => agent.say({ $case: 'podStatuses', value: { reports: [{ namespace: 'default', name: 'p', uid, status: Buffer.from(JSON.stringify(status)), removed: false, timeline: Buffer.alloc(0) }] } })
  report(created.metadata.uid ?? '', { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] })
  await at.clock.advance(50)
  report('the one before', { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] })
  await at.clock.advance(50)
  const stored = await at.client.get(pods, { namespace: 'default', name: 'p' })
  await at.client.update(pods, { ...stored, status: { ...stored.status, conditions: [{ type: 'Ready', status: 'False' }] } }, { subresource: 'status' })
  await at.clock.advance(50)
  expect((await at.client.get(pods, { namespace: 'default', name: 'p' })).status?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }])
})

test("a report on another node's pod is refused, and ends the session", async () => {
  await using at = world()
  const dispatch = await dispatched(at)
  const created = await at.client.create(pods, podOn('p', 'n2'))
  const agent = agentOf(dispatch, 'n1')
  await at.clock.advance(50)
  agent.say({ $case: 'podStatuses', value: { reports: [{ namespace: 'default', name: 'p', uid: created.metadata.uid ?? '', status: Buffer.from('{"phase":"Failed"}'), removed: true, timeline: Buffer.alloc(0) }] } })
  await at.clock.advance(50)
  expect((await at.client.get(pods, { namespace: 'default', name: 'p' })).status?.phase).not.toBe('Failed')
})

test('a node is admitted when its agent has said that nothing is left, and its session is told of', async () => {
  await using at = world()
  const dispatch = await dispatched(at)
  const agent = agentOf(dispatch, 'n1')
  await at.clock.advance(100)
  expect(dispatch.admissions.told).toEqual(['session n1 open boot-1'])
  agent.say({ $case: 'nothingLeft', value: {} })
  await at.clock.advance(10)
  agent.hangUp()
  await at.clock.advance(10)
  expect(dispatch.admissions.told).toEqual(['session n1 open boot-1', 'admit n1 boot-1', 'session n1 closed'])
})

test('what was still under way in a session when its node was given up admits nobody', async () => {
  await using at = world()
  const dispatch = await dispatched(at)
  const agent = agentOf(dispatch, 'n1')
  await at.clock.advance(50)
  agent.say({ $case: 'nothingLeft', value: {} })
  dispatch.liveness.set('n1', fencedState(5))
  await at.clock.advance(50)
  expect([agent.isClosed(), dispatch.admissions.told]).toEqual([true, ['session n1 open boot-1', 'session n1 closed']])
})

test('an agent whose node is given up begins anew, and hears what it shall run when all that was given to others is gone', async () => {
  await using at = world()
  const dispatch = await dispatched(at)
  await at.client.create(pods, podOn('theirs', 'n1'))
  const tolerant = podOn('stays', 'n1')
  await at.client.create(pods, { ...tolerant, spec: { ...tolerant.spec, containers: tolerant.spec?.containers ?? [], tolerations: [{ key: 'node.kubernetes.io/out-of-service', operator: 'Exists' }] } })
  const before = agentOf(dispatch, 'n1')
  await at.clock.advance(100)
  const ready = (await at.client.get(nodes, { name: 'n1' })).status?.conditions?.find(({ type }) => type === 'Ready')
  dispatch.liveness.set('n1', fencedState(at.clock.nowMs()))
  await at.client.patch(nodes, { name: 'n1' }, { type: 'strategic', subresource: 'status', body: { status: { conditions: [{ type: 'Ready', status: 'Unknown', message: ready?.message ?? '' }] } } })
  await at.clock.advance(10)
  expect(before.isClosed()).toBe(true)
  const agent = agentOf(dispatch, 'n1')
  await at.clock.advance(2_000)
  expect(agent.assignments()).toEqual([])
  expect((await at.client.get(nodes, { name: 'n1' })).status?.conditions).toMatchObject([{ type: 'Ready', status: 'Unknown' }])
  await at.client.delete(pods, { namespace: 'default', name: 'theirs' }, { gracePeriodSeconds: 0 })
  await at.clock.advance(100)
  expect(agent.assignments().flatMap(keysOf)).toContain('POD default/stays')
  expect(agent.assignments().flatMap(keysOf)).not.toContain('POD default/theirs')
  agent.say({ $case: 'nothingLeft', value: {} })
  await at.clock.advance(100)
  expect((await at.client.get(nodes, { name: 'n1' })).status?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }])
})

const sliceOf = ({ metadata: { name, uid } }: Pod, ready: boolean): EndpointSlice => ({ metadata: { name: 's', namespace: 'default' }, addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready, serving: true, terminating: false }, targetRef: { kind: 'Pod', namespace: 'default', name, uid } }], ports: [] })

/** When an agent was told that the pod terminates, in ms since it was deleted; `undefined` if it was not. */
async function toldToStop({ acks, ready }: { readonly acks: boolean; readonly ready: boolean }): Promise<number | undefined> {
  await using at = world()
  const dispatch = await dispatched(at)
  await at.client.create(nodes, { metadata: { name: 'n1' } })
  await at.client.create(endpointSlices, sliceOf(await at.client.create(pods, podOn('p', 'n1')), ready))
  const agent = agentOf(dispatch, 'n1')
  await at.clock.advance(100)
  const seen = agent.assignments().length
  const fresh = (): readonly Assignments[] => agent.assignments().slice(seen)
  const from = at.clock.monotonicMs()
  const pod = await at.client.get(pods, { namespace: 'default', name: 'p' })
  await at.client.update(pods, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 } })
  for (let waited = 0; waited < HOLD_MS * 2; waited += 10) {
    await at.clock.advance(10)
    const maps = fresh().find((message) => keysOf(message).includes('ENDPOINT_SLICE default/s'))
    if (acks && maps) agent.say({ $case: 'serviceMapsAck', value: { revision: maps.serviceMapsRevision } })
    if (fresh().some((message) => keysOf(message).includes('POD default/p'))) {
      if (!ready) return at.clock.monotonicMs() - from
      const slice = JSON.parse(maps?.changes.find(({ key }) => key === 'default/s')?.object.toString() ?? '{}') as EndpointSlice
      expect(slice.endpoints?.[0]?.conditions).toEqual({ ready: false, serving: true, terminating: true })
      return at.clock.monotonicMs() - from
    }
  }
  return undefined
}

test('a terminating pod leaves the service maps first: its node is told a moment after all have acked, or after the hold', async () => {
  const acked = await toldToStop({ acks: true, ready: true })
  expect(acked, 'calls that were let through are answered').toBeGreaterThanOrEqual(LINGER_MS)
  expect(acked).toBeLessThan(LINGER_MS + 50)
  const late = await toldToStop({ acks: false, ready: true })
  expect(late).toBeGreaterThanOrEqual(HOLD_MS)
  expect(late).toBeLessThanOrEqual(HOLD_MS + 50)
  expect(await toldToStop({ acks: false, ready: false }), 'nobody calls a pod that is not ready').toBeLessThan(50)
})
