import { expect, test } from 'vitest'
import type { Node, Pod } from '../../../shared/model/gen/api.ts'
import { leases, nodes, pods } from '../../../shared/model/resources.ts'
import { formatMicroTime, formatTime } from '../../../shared/model/time.ts'
import { fakeLiveness, fencedState } from '../../dispatch/testing.ts'
import { createNodeIpamController } from '../nodeipam/reconcile.ts'
import { createTaintEvictionController } from '../tainteviction/reconcile.ts'
import { world } from '../testing.ts'
import { planNode } from './plan.ts'
import { createNodeLifecycleController } from './reconcile.ts'

const nowMs = 1_700_000_000_000
const node = (conditions: Readonly<Record<string, string>> | undefined, more: Partial<Node> = {}): Node => ({
  metadata: { name: 'n', uid: 'n', creationTimestamp: formatTime(nowMs), annotations: { 'node.alpha.kubernetes.io/ttl': '0' }, ...more.metadata },
  spec: { taints: [{ key: 'mine', effect: 'NoSchedule' }], ...more.spec },
  ...(conditions ? { status: { conditions: Object.entries(conditions).map(([type, status]) => ({ type, status, lastTransitionTime: formatTime(nowMs) })) } } : {}),
})
const plan = (of: Node, life: Parameters<typeof planNode>[0]['life'], atMs = nowMs) => planNode({ node: of, life, pods: [], nowMs: atMs })
const keys = (taints: ReturnType<typeof plan>['taints']): readonly string[] | undefined => taints?.map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`)

test('taints follow conditions and cordon, others’ taints stay', () => {
  expect(keys(plan(node({ Ready: 'True', MemoryPressure: 'True' }, { spec: { unschedulable: true, taints: [{ key: 'mine', effect: 'NoSchedule' }] } }), { kind: 'seen' }).taints)).toEqual([
    'mine:NoSchedule',
    'memory-pressure:NoSchedule',
    'unschedulable:NoSchedule',
  ])
  expect(keys(plan(node({ Ready: 'False' }), { kind: 'seen' }).taints)).toEqual(['mine:NoSchedule', 'not-ready:NoSchedule', 'not-ready:NoExecute'])
  const recovered = node({ Ready: 'True' }, { spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }, { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }] } })
  expect(plan(recovered, { kind: 'seen' }).taints).toEqual([])
  expect(plan(node({ Ready: 'True' }), { kind: 'seen' }).taints).toBeUndefined()
})

test('a node without an agent has 40 s from its last sign, and 60 s to give the first', () => {
  const silent = plan(node({ Ready: 'True' }), { kind: 'no-agent', heardMs: nowMs - 40_000 })
  expect(silent.conditions.map(({ type, status, reason }) => [type, status, reason])).toEqual([
    ['Ready', 'Unknown', 'NodeStatusUnknown'],
    ['MemoryPressure', 'Unknown', 'NodeStatusNeverUpdated'],
    ['DiskPressure', 'Unknown', 'NodeStatusNeverUpdated'],
    ['PIDPressure', 'Unknown', 'NodeStatusNeverUpdated'],
  ])
  expect([keys(silent.taints), silent.hasFailed]).toEqual([['mine:NoSchedule', 'unreachable:NoSchedule', 'unreachable:NoExecute'], true])
  expect(plan(node({ Ready: 'True' }), { kind: 'no-agent', heardMs: nowMs - 10_000 })).toMatchObject({ conditions: [], taints: undefined, againAfterMs: 30_000 })
  expect(plan(node(undefined), { kind: 'no-agent', heardMs: nowMs }, nowMs + 59_000)).toMatchObject({ conditions: [], againAfterMs: 1000 })
  expect(plan(node(undefined), { kind: 'no-agent', heardMs: nowMs }, nowMs + 60_000).conditions.length).toBe(4)
})

test('whether its peers answer is unknown of a node that is silent, if it ever said it', () => {
  const silent = plan(node({ Ready: 'True', PeersReachable: 'True' }), { kind: 'no-agent', heardMs: nowMs - 40_000 })
  expect(silent.conditions.at(-1)).toMatchObject({ type: 'PeersReachable', status: 'Unknown', reason: 'NodeStatusUnknown' })
})

test('a node that is given up gets the taint and says why; both go when its agent speaks again, and only if it was given up', () => {
  const words = 'n: no heartbeat for 1.2 s; 2 of 3 members seen; fenced at 17:50:01.123'
  const life = { kind: 'fenced', words, atMs: nowMs } as const
  const lost = plan(node({ Ready: 'True' }), life)
  expect(keys(lost.taints)).toEqual(['mine:NoSchedule', 'unreachable:NoSchedule', 'unreachable:NoExecute', 'out-of-service:NoExecute'])
  expect(lost.conditions.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'Unknown', reason: 'NodeStatusUnknown', message: words })
  const annotations = { 'node.alpha.kubernetes.io/ttl': '0', ...(lost.annotations as Record<string, string>) }
  const unknown = { Ready: 'Unknown', MemoryPressure: 'Unknown', DiskPressure: 'Unknown', PIDPressure: 'Unknown' }
  const fenced = node(unknown, { metadata: { annotations: { ...annotations, 'gantry.dev/confirmed-dead-by': 'ann at noon' } }, spec: { taints: lost.taints ?? [] } })
  const said = { ...fenced, status: { conditions: fenced.status?.conditions?.map((condition) => (condition.type === 'Ready' ? { ...condition, message: words } : condition)) ?? [] } }
  expect(plan(said, life)).toMatchObject({ conditions: [], taints: undefined, annotations: undefined })
  expect(plan(fenced, life).conditions).toMatchObject([{ type: 'Ready', message: words }])
  expect(plan(said, { kind: 'seen' })).toMatchObject({ taints: undefined, annotations: undefined })
  const back = plan(node({ Ready: 'True' }, { metadata: { annotations: fenced.metadata.annotations ?? {} }, spec: { taints: lost.taints ?? [] } }), { kind: 'seen' })
  expect(keys(back.taints)).toEqual(['mine:NoSchedule'])
  expect(back.annotations).toEqual({ 'gantry.dev/fenced': null, 'gantry.dev/confirmed-dead-by': null })
  expect(plan(node({ Ready: 'True' }, { spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }] } }), { kind: 'seen' }).taints).toBeUndefined()
})

test('a node of which nobody can say whether it lives is unreachable, and not given up', () => {
  const unclear = plan(node({ Ready: 'True' }), { kind: 'undecided', words: 'n: not decided' })
  expect(keys(unclear.taints)).toEqual(['mine:NoSchedule', 'unreachable:NoSchedule', 'unreachable:NoExecute'])
  expect(unclear.conditions.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'Unknown', message: 'n: not decided' })
  expect(unclear.annotations).toBeUndefined()
})

const pod = (name: string, tolerations: NonNullable<Pod['spec']>['tolerations'] = []): Pod => ({
  metadata: { name, namespace: 'ns' },
  spec: { nodeName: 'n', containers: [], tolerations },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: formatTime(nowMs) }] },
})

test('when a node is lost its pods are removed at once, those that tolerate it only become unready', async () => {
  await using here = world()
  const liveness = fakeLiveness()
  liveness.set('n', { kind: 'seen' })
  await here.start(createNodeLifecycleController(here.parts, liveness), createTaintEvictionController(here.parts, liveness), createNodeIpamController(here.parts, { liveness, clusterCidr: '10.244.0.0/16' }))
  await here.client.create(nodes, node({ Ready: 'True' }))
  await here.client.create(pods, pod('a', [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }]))
  await here.client.create(pods, pod('b', [{ operator: 'Exists' }]))
  await here.clock.advance(100)
  expect(here.client.all(nodes)[0]?.spec).toMatchObject({ podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24'] })
  liveness.set('n', fencedState(here.clock.nowMs()))
  await here.clock.advance(100)
  expect(here.client.all(pods).map(({ metadata, status }) => [metadata.name, status?.conditions?.map(({ type, status: value }) => `${type}=${value}`)])).toEqual([['b', ['Ready=False']]])
})

test('without an agent: a renewed lease keeps the node ready, silence makes it unknown, and tolerated pods leave in time', async () => {
  await using here = world()
  const liveness = fakeLiveness()
  await here.start(createNodeLifecycleController(here.parts, liveness), createTaintEvictionController(here.parts, liveness))
  await here.client.create(nodes, node({ Ready: 'True' }))
  await here.client.create(pods, pod('a', [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }]))
  await here.client.create(leases, { metadata: { name: 'n', namespace: 'kube-node-lease' }, spec: { renewTime: formatMicroTime(here.clock.nowMs()) } })
  const ready = (): string | undefined => here.client.all(nodes)[0]?.status?.conditions?.find(({ type }) => type === 'Ready')?.status
  await here.clock.advance(30_000)
  await here.client.patch(leases, { namespace: 'kube-node-lease', name: 'n' }, { type: 'merge', body: { spec: { renewTime: formatMicroTime(here.clock.nowMs()) } } })
  await here.clock.advance(30_000)
  expect(ready()).toBe('True')
  await here.clock.advance(15_000)
  expect(ready()).toBe('Unknown')
  await here.clock.advance(290_000)
  expect(here.client.all(pods)[0]?.metadata.deletionTimestamp).toBeUndefined()
  await here.clock.advance(15_000)
  expect(here.client.all(pods)[0]?.metadata.deletionTimestamp).toBeDefined()
})
