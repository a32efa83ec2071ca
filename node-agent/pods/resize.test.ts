import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Container, Pod } from '../../shared/model/gen/api.ts'
import { deleted, podHarness, shell, testPod, type PodHarness } from './harness.ts'
import { allocationOf, changeFor } from './allocation.ts'
import { containerStarted } from './apply.ts'
import { newRecord } from './record.ts'
import { planResize, roomFor } from './resize.ts'

let node: PodHarness
beforeEach(async () => {
  node = await podHarness()
})
afterEach(async () => {
  await node.close()
})

const asking = (cpu: string, memory: string) => ({ resources: { requests: { cpu, memory }, limits: { cpu, memory } } })
const podOf = (name: string, cpu: string, more: Partial<Container> = {}): Pod => testPod(name, { containers: [shell('c', "trap 'exit 0' TERM; while :; do sleep 1; done", { ...asking(cpu, '64Mi'), ...more })] })
const wishing = (pod: Pod, cpu: string, memory = '64Mi'): Pod => ({ ...pod, metadata: { ...pod.metadata, generation: (pod.metadata.generation ?? 1) + 1 }, spec: { ...pod.spec, containers: (pod.spec?.containers ?? []).map((one) => ({ ...one, ...asking(cpu, memory) })) } })
const limitsOf = (): ReadonlyArray<readonly [string, number | undefined, number | undefined]> => [...(node.parts.cgroups as unknown as { limits: ReadonlyMap<string, { cpuQuotaMicros?: number; memoryBytes?: number }> }).limits].map(([path, one]) => [path.split('/').length === 3 ? 'pod' : 'container', one.cpuQuotaMicros, one.memoryBytes])
const statusOf = (name: string) => node.status(name).containerStatuses?.[0]
const resizeConditions = (name: string) => (node.status(name).conditions ?? []).filter(({ type }) => type.startsWith('PodResize')).map(({ type, reason, message, observedGeneration }) => [type, reason, message, observedGeneration])
const reasons = (name: string): readonly string[] => node.events.filter((one) => one.pod === name).map(({ reason }) => reason)

test('a pod is resized as it runs: its groups, its status, what is told', async () => {
  const pod = podOf('p', '500m')
  node.workers.update(pod)
  await node.clock.advance(100)
  node.workers.update(wishing(pod, '1', '128Mi'))
  await node.clock.advance(100)
  expect(limitsOf()).toEqual([
    ['pod', 100_000, 128 << 20],
    ['container', 100_000, 128 << 20],
  ])
  expect(statusOf('p')).toMatchObject({ restartCount: 0, resources: asking('1', '128Mi').resources, allocatedResources: { cpu: '1', memory: '128Mi' } })
  expect(node.status('p').observedGeneration).toBe(2)
  expect(resizeConditions('p')).toEqual([])
  expect(reasons('p').slice(-2)).toEqual(['ResizeStarted', 'ResizeCompleted'])
})

test('a container whose policy says so is started anew with what it was given', async () => {
  const pod = podOf('p', '500m', { resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] })
  node.workers.update(pod)
  await node.clock.advance(100)
  node.workers.update(wishing(pod, '500m', '128Mi'))
  await node.clock.advance(1000)
  expect(statusOf('p')).toMatchObject({ restartCount: 1, state: { running: {} }, resources: asking('500m', '128Mi').resources })
  expect(resizeConditions('p')).toEqual([])
  expect(node.events.map(({ message }) => message)).toContain('Container c resize requires restart')
})

test('what the node cannot give now waits until it can', async () => {
  const [one, two] = [podOf('one', '1'), podOf('two', '500m')]
  node.workers.update(one)
  node.workers.update(two)
  await node.clock.advance(100)
  node.workers.update(wishing(two, '1500m'))
  await node.clock.advance(100)
  expect(resizeConditions('two')).toEqual([['PodResizePending', 'Deferred', "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000", 2]])
  expect(statusOf('two')).toMatchObject({ resources: asking('500m', '64Mi').resources, allocatedResources: { cpu: '500m' } })
  node.workers.update(wishing(one, '100m'))
  await node.clock.advance(100)
  expect(statusOf('two')).toMatchObject({ restartCount: 0, resources: asking('1500m', '64Mi').resources })
  expect(resizeConditions('two')).toEqual([])
  expect(reasons('two').slice(-3)).toEqual(['ResizeDeferred', 'ResizeStarted', 'ResizeCompleted'])
})

test.each([
  ['is done', (_pod: Pod) => node.runtime.exit([...node.runtime.host.containers.keys()][0] ?? '', 0)],
  ['is to be deleted', (pod: Pod) => node.workers.update(deleted(pod, 30))],
  ['is evicted', (pod: Pod) => void node.workers.evict(pod.metadata.uid ?? '', { message: 'low on memory', isDisruption: true, graceMs: 30_000 })],
])('a pod that %s makes room for a wish that waits', async (_what, end) => {
  const once = testPod('one', { restartPolicy: 'Never', containers: [shell('c', 'while :; do sleep 1; done', asking('1', '64Mi'))] })
  const two = podOf('two', '500m')
  node.workers.update(once)
  await node.clock.advance(100)
  node.workers.update(two)
  await node.clock.advance(100)
  node.workers.update(wishing(two, '1500m'))
  await node.clock.advance(100)
  expect(resizeConditions('two')).toMatchObject([['PodResizePending', 'Deferred', expect.any(String), 2]])
  end(once)
  await node.clock.advance(100)
  expect(resizeConditions('two')).toEqual([])
  expect(statusOf('two')).toMatchObject({ restartCount: 0, resources: asking('1500m', '64Mi').resources })
})

test('what the node can never give is said so; a wish that is taken back leaves nothing', async () => {
  const pod = podOf('p', '500m')
  node.workers.update(pod)
  await node.clock.advance(100)
  node.workers.update(wishing(pod, '64'))
  await node.clock.advance(100)
  expect(resizeConditions('p')).toEqual([['PodResizePending', 'Infeasible', "Node didn't have enough capacity: cpu, requested: 64000, capacity: 2000", 2]])
  node.workers.update({ ...pod, metadata: { ...pod.metadata, generation: 3 } })
  await node.clock.advance(100)
  expect(resizeConditions('p')).toEqual([])
  expect(reasons('p')).not.toContain('ResizeCompleted')
})

test('a limit below what is used is not set, but tried again', async () => {
  const pod = podOf('p', '500m')
  node.workers.update(pod)
  await node.clock.advance(100)
  let usedBytes = 40 << 20
  node.parts.cgroups.usage = async () => ({ cpuNanos: 0, memoryBytes: usedBytes })
  node.workers.update(wishing(pod, '500m', '32Mi'))
  await node.clock.advance(100)
  expect(resizeConditions('p')).toEqual([['PodResizeInProgress', 'Error', `attempting to set container "c" memory limit (${32 << 20}) below current usage (${40 << 20})`, 2]])
  expect(statusOf('p')).toMatchObject({ resources: asking('500m', '64Mi').resources, allocatedResources: { memory: '32Mi' } })
  usedBytes = 10 << 20
  await node.clock.advance(10_000)
  expect(resizeConditions('p')).toEqual([])
  expect(statusOf('p')).toMatchObject({ restartCount: 0, resources: asking('500m', '32Mi').resources })
})

test('what a pod was given outlives the agent; a container that ends while a wish waits is started with it', async () => {
  const pod = podOf('p', '500m')
  node.workers.update(pod)
  await node.clock.advance(100)
  node.workers.update(wishing(pod, '64'))
  await node.clock.advance(100)
  await node.restartAgent()
  await node.clock.advance(100)
  node.workers.update(wishing(pod, '64'))
  await node.clock.advance(100)
  node.runtime.exit([...node.runtime.host.containers.keys()][0] ?? '', 1)
  await node.clock.advance(100)
  expect(statusOf('p')).toMatchObject({ restartCount: 1, state: { running: {} }, resources: asking('500m', '64Mi').resources })
})

test.each([
  ['is being made', { createMs: 1000 }],
  ['is being started', { startMs: 1000 }],
])('a wish that comes while a container %s reaches it too', async (_when, slow) => {
  await node.close()
  node = await podHarness(slow)
  const pod = podOf('p', '500m')
  node.workers.update(pod)
  await node.clock.advance(500)
  expect(statusOf('p')?.state?.running).toBeUndefined()
  node.workers.update(wishing(pod, '1', '128Mi'))
  await node.clock.advance(2000)
  expect(limitsOf()).toEqual([
    ['pod', 100_000, 128 << 20],
    ['container', 100_000, 128 << 20],
  ])
  expect(statusOf('p')).toMatchObject({ restartCount: 0, resources: asking('1', '128Mi').resources, allocatedResources: { cpu: '1', memory: '128Mi' } })
  expect(resizeConditions('p')).toEqual([])
})

test('the same when the agent is killed before the start is noted', async () => {
  await node.close()
  node = await podHarness({ startMs: 1000 })
  const pod = podOf('p', '500m')
  node.workers.update(pod)
  await node.clock.advance(500)
  node.workers.update(wishing(pod, '1', '128Mi'))
  await node.clock.advance(100)
  const restarted = node.restartAgent()
  // The host ends what it had begun; nobody is there any more to note it.
  await node.clock.advance(1000)
  await restarted
  node.workers.update(wishing(pod, '1', '128Mi'))
  await node.clock.advance(2000)
  expect(limitsOf()).toContainEqual(['container', 100_000, 128 << 20])
  expect(statusOf('p')).toMatchObject({ restartCount: 0, resources: asking('1', '128Mi').resources })
})

test('a container that runs with less than the pod was given, for whatever reason, gets the rest', () => {
  const pod = podOf('p', '1')
  const running = containerStarted(newRecord(0), 'c', { id: 'x', startedMs: 0, hook: 'none', user: undefined, started: true, ready: true, isMain: true, applied: asking('500m', '64Mi').resources })
  const view = { pod, record: { ...running, allocated: allocationOf(pod) }, inFlight: new Set<string>(), mayRun: true, nowMs: 0 }
  expect(planResize(view)).toEqual({ steps: [{ kind: 'note-resize', resize: { running: { generation: 1, isWide: false, retryAtMs: 0 } } }] })
  expect(planResize({ ...view, inFlight: new Set(['start-container']) })).toEqual({ steps: [] })
})

const named = (name: string, resources: Container['resources'], resizePolicy: Container['resizePolicy'] = []): Container => ({ name, image: 'i', ...(resources ? { resources } : {}), resizePolicy })

test.each([
  ['nothing', named('c', { limits: { cpu: '1' } }), { limits: { cpu: '1000m' } }, 'none'],
  ['cpu, in place', named('c', { limits: { cpu: '2' } }), { limits: { cpu: '1' } }, 'in-place'],
  ['memory, with a policy for cpu', named('c', { limits: { memory: '2Gi' } }, [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }]), { limits: { memory: '1Gi' } }, 'in-place'],
  ['memory, with a policy for it', named('c', { limits: { memory: '2Gi' } }, [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]), { limits: { memory: '1Gi' } }, 'restart'],
  ['a limit where there was none', named('c', { limits: { memory: '2Gi' } }), {}, 'in-place'],
] as const)('what changes a container: %s', (_what, container, applied, expected) => {
  expect(changeFor(container, applied)).toBe(expected)
})

test('room: for the pod alone, and beside the others', () => {
  const capacity = { cpuMillis: 2000, memoryBytes: 1 << 30, pods: 10 }
  expect(roomFor(podOf('p', '2'), [], capacity)).toEqual({ kind: 'fits' })
  expect(roomFor(podOf('p', '3'), [podOf('q', '2')], capacity)).toMatchObject({ reason: 'Infeasible' })
  expect(roomFor(podOf('p', '1'), [podOf('q', '1500m')], capacity)).toMatchObject({ reason: 'Deferred' })
})
