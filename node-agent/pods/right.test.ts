import { afterEach, beforeEach, expect, test } from 'vitest'
import { staysWhenFenced } from '../../shared/model/fenced-pods.ts'
import { podHarness, shell, testPod, type PodHarness } from './harness.ts'

let node: PodHarness
beforeEach(async () => {
  node = await podHarness()
})
afterEach(async () => {
  await node.close()
})

const FOREVER = 'while :; do sleep 1; done'
const TOLERATES = { tolerations: [{ key: 'node.kubernetes.io/out-of-service', operator: 'Exists', effect: 'NoExecute' }] }
const tell = (isHeld: boolean): void => {
  node.right.isHeld = isHeld
  node.right.last = { kind: 'ended', lost: 0, of: 3 }
  for (const listener of node.right.listeners) listener(node.right.last)
}
const killAll = async (): Promise<void> => {
  for (const id of await node.runtime.list()) await node.runtime.kill(id, 9)
}
const restarts = (name: string): number | undefined => node.status(name).containerStatuses?.[0]?.restartCount

test('nothing is started before the node has the right to run pods', async () => {
  node.right.isHeld = false
  node.workers.update(testPod('p', { initContainers: [shell('i', 'exit 0')], containers: [shell('c', FOREVER)] }))
  await node.clock.advance(10_000)
  expect(await node.runtime.list()).toEqual([])
  tell(true)
  await node.clock.advance(500)
  expect(node.status('p').phase).toBe('Running')
})

test('when the right ends containers that are killed stay dead, and are run again when it is back', async () => {
  node.workers.update(testPod('p', { containers: [shell('c', FOREVER)] }))
  await node.clock.advance(100)
  tell(false)
  await killAll()
  await node.clock.advance(60_000)
  expect(node.status('p').containerStatuses).toMatchObject([{ restartCount: 0, ready: false, state: { terminated: { exitCode: 137 } } }])
  tell(true)
  await node.clock.advance(100)
  expect(node.status('p')).toMatchObject({ phase: 'Running', containerStatuses: [{ restartCount: 1, ready: true }] })
})

test('a right that is back without a word is noticed', async () => {
  node.right.isHeld = false
  node.workers.update(testPod('p', { containers: [shell('c', FOREVER)] }))
  await node.clock.advance(100)
  node.right.isHeld = true
  await node.clock.advance(1_000)
  expect(node.status('p').phase).toBe('Running')
})

test('a container that was made while the right ended is not started, and takes no time to be when it is back', async () => {
  const { create } = node.parts.runtime
  Object.assign(node.parts.runtime, { create: async (spec: Parameters<typeof create>[0]) => create(spec).finally(() => void (node.right.isHeld = false)) })
  node.workers.update(testPod('p', { containers: [shell('c', FOREVER)] }))
  await node.clock.advance(1_000)
  expect(await node.runtime.list()).toEqual([])
  expect(node.status('p').containerStatuses).toMatchObject([{ state: { waiting: { reason: 'ContainerCreating' } } }])
  Object.assign(node.parts.runtime, { create })
  tell(true)
  await node.clock.advance(100)
  expect(node.status('p').phase).toBe('Running')
})

test('pods that tolerate the taint of fenced nodes are named before they are started, run on, and are named no more when they are gone', async () => {
  const pod = testPod('p', { ...TOLERATES, containers: [shell('c', FOREVER)] })
  const { start } = node.parts.runtime
  let known: readonly string[] = []
  Object.assign(node.parts.runtime, { start: (id: string) => ((known = node.right.exempt), start(id)) })
  node.workers.update(pod)
  node.workers.update(testPod('other', { containers: [shell('c', FOREVER)] }))
  await node.clock.advance(100)
  expect(known).toEqual([pod.metadata.uid])
  tell(false)
  await killAll()
  await node.clock.advance(1_000)
  expect([restarts('p'), restarts('other')]).toEqual([1, 0])
  await node.restartAgent()
  await node.clock.advance(100)
  expect(node.right.exempt).toEqual([pod.metadata.uid])
  node.workers.remove('ns/p', pod.metadata.uid ?? '')
  await node.clock.advance(1_000)
  expect(node.right.exempt).toEqual([])
})

test('after a boot pods that tolerate it wait for a lease too', async () => {
  node.right.isHeld = false
  node.workers.update(testPod('p', { ...TOLERATES, containers: [shell('c', FOREVER)] }))
  await node.clock.advance(1_000)
  expect(await node.runtime.list()).toEqual([])
})

test.each([
  [{ operator: 'Exists' }, true],
  [{ key: 'node.kubernetes.io/out-of-service', operator: 'Exists' }, true],
  [{ key: 'node.kubernetes.io/out-of-service', operator: 'Equal', value: 'nodeshutdown', effect: 'NoExecute' }, true],
  [{ key: 'node.kubernetes.io/out-of-service', operator: 'Exists', effect: 'NoSchedule' }, false],
  [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' }, false],
])('toleration %j: exempt %s', (toleration, expected) => {
  expect(staysWhenFenced(testPod('p', { tolerations: [toleration] }))).toBe(expected)
})

test('once after each COMPLETE it is told that nothing else is left', async () => {
  const [stays, goes] = [testPod('stays', { containers: [shell('c', FOREVER)] }), testPod('goes', { containers: [shell('c', FOREVER)] })]
  node.workers.setAll([stays, goes])
  await node.clock.advance(100)
  const { detach } = node.parts.network
  let isStuck = true
  Object.assign(node.parts.network, { detach: (uid: string) => (isStuck ? Promise.reject(new Error('stuck')) : detach(uid)) })
  let told = 0
  node.workers.setAll([stays], () => void told++)
  await node.clock.advance(5_000)
  expect(told).toBe(0)
  isStuck = false
  await node.clock.advance(5_000)
  expect(told).toBe(1)
  await node.clock.advance(60_000)
  expect(told).toBe(1)
  node.workers.setAll([stays], () => void told++)
  await node.clock.advance(100)
  expect(told).toBe(2)
})
