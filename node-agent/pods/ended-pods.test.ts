import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Container } from '../../shared/model/gen/api.ts'
import { podHarness, shell, testPod, type PodHarness } from './harness.ts'

let node: PodHarness
beforeEach(async () => {
  node = await podHarness()
})
afterEach(() => node.close())

const initializing = { waiting: { reason: 'PodInitializing' } }
const unknown = { terminated: { reason: 'ContainerStatusUnknown', exitCode: 137 } }

test('an init container that fails for good fails its pod; those whose turn never came go on waiting, and are not called lost', async () => {
  node.workers.update(testPod('p', { restartPolicy: 'Never', initContainers: [shell('i1', 'exit 3'), shell('i2', 'true')], containers: [shell('c', 'true')] }))
  await node.clock.advance(5_000)
  const { phase, conditions, initContainerStatuses, containerStatuses } = node.status('p')
  expect(phase).toBe('Failed')
  expect(initContainerStatuses?.map(({ state }) => state)).toMatchObject([{ terminated: { reason: 'Error', exitCode: 3 } }, initializing])
  expect(containerStatuses?.map(({ state }) => state)).toEqual([initializing])
  expect(conditions?.find(({ type }) => type === 'Initialized')).toMatchObject({ status: 'False', reason: 'ContainersNotInitialized', message: 'containers with incomplete status: [i1 i2]' })
})

test('an init container whose own policy is Never fails a pod whose is not, and says so in every condition', async () => {
  const init: Container = { ...shell('i', 'exit 5'), restartPolicy: 'Never' }
  node.workers.update(testPod('p', { restartPolicy: 'Always', initContainers: [init], containers: [shell('c', 'true')] }))
  await node.clock.advance(5_000)
  const { phase, conditions, containerStatuses } = node.status('p')
  expect({ phase, state: containerStatuses?.[0]?.state }).toEqual({ phase: 'Failed', state: initializing })
  expect(conditions?.filter(({ reason }) => reason === 'PodFailed').map(({ type }) => type)).toEqual(['Ready', 'ContainersReady'])
})

test('an init container whose own policy is OnFailure is tried again in a pod whose is Never', async () => {
  node.workers.update(testPod('p', { restartPolicy: 'Never', initContainers: [{ ...shell('i', 'exit 5'), restartPolicy: 'OnFailure' }], containers: [shell('c', 'true')] }))
  await node.clock.advance(8_000)
  expect(node.status('p')).toMatchObject({ phase: 'Pending', initContainerStatuses: [{ restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } } }] })
})

test('a deadline in the middle of the init containers: the same', async () => {
  node.workers.update(testPod('p', { activeDeadlineSeconds: 2, initContainers: [shell('i1', 'while :; do sleep 1; done'), shell('i2', 'true')], containers: [shell('c', 'true')] }))
  await node.clock.advance(60_000)
  const { phase, reason, initContainerStatuses, containerStatuses } = node.status('p')
  expect({ phase, reason }).toEqual({ phase: 'Failed', reason: 'DeadlineExceeded' })
  expect(initContainerStatuses?.map(({ state }) => Object.keys(state ?? {}))).toEqual([['terminated'], ['waiting']])
  expect(containerStatuses?.map(({ state }) => state)).toEqual([initializing])
})

test('a container that never ran, though its turn had come, is told as lost', async () => {
  node.workers.update(testPod('p', { activeDeadlineSeconds: 2, containers: [{ name: 'c', image: 'nowhere:1', imagePullPolicy: 'Never' }] }))
  await node.clock.advance(60_000)
  expect(node.status('p')).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded', containerStatuses: [{ state: unknown }] })
})

test('a pod is not over while a sidecar of it still ends', async () => {
  const sidecar = { ...shell('s', 'while :; do sleep 1; done'), restartPolicy: 'Always' }
  node.workers.update(testPod('p', { restartPolicy: 'Never', terminationGracePeriodSeconds: 10, initContainers: [sidecar], containers: [shell('c', 'sleep 1')] }))
  await node.clock.advance(60_000)
  const running = node.reports.filter(({ status }) => status.initContainerStatuses?.[0]?.state?.running !== undefined)
  expect(running.some(({ status }) => status.containerStatuses?.[0]?.state?.terminated !== undefined)).toBe(true)
  expect([...new Set(running.map(({ status }) => status.phase))]).toEqual(['Pending', 'Running'])
  expect(node.status('p').phase).toBe('Succeeded')
})

/** With a finalizer, so that what became of it can be read. */
const deleted = (pod: ReturnType<typeof testPod>): ReturnType<typeof testPod> => ({ ...pod, metadata: { ...pod.metadata, finalizers: ['example.com/kept'], deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 1 } })

test('a pod that is deleted while it initializes has failed when nothing of it is left; its conditions tell how far it came', async () => {
  const pod = testPod('p', { initContainers: [shell('i', 'while :; do sleep 1; done')], containers: [shell('c', 'true')] })
  node.workers.update(pod)
  await node.clock.advance(5_000)
  node.workers.update(deleted(pod))
  await node.clock.advance(60_000)
  const { phase, conditions, containerStatuses } = node.status('p')
  expect(phase).toBe('Failed')
  expect(containerStatuses?.map(({ state }) => state)).toEqual([initializing])
  expect(conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [c]' })
})

test('a pod that is deleted before its image came: its container is lost, it has failed, and was never ready', async () => {
  const pod = testPod('p', { containers: [{ name: 'c', image: 'nowhere:1', imagePullPolicy: 'Never' }] })
  node.workers.update(pod)
  await node.clock.advance(5_000)
  node.workers.update(deleted(pod))
  await node.clock.advance(60_000)
  expect(node.status('p')).toMatchObject({ phase: 'Failed', containerStatuses: [{ state: unknown }] })
  expect(node.status('p').conditions?.find(({ type }) => type === 'ContainersReady')).toMatchObject({ reason: 'ContainersNotReady' })
})

/** An agent that was killed between the two left the logs on the host for ever. */
test('the logs of a deleted pod go before the note on it', async () => {
  const { logs, files } = node.parts
  const order: string[] = []
  const [removeLogs, removeFile] = [logs.remove, files.remove]
  logs.remove = (path) => (order.push(path), removeLogs(path))
  files.remove = (path) => (order.push(path), removeFile(path))
  const pod = testPod('p', { containers: [shell('c', 'while :; do sleep 1; done')] })
  node.workers.update(pod)
  await node.clock.advance(1_000)
  node.workers.update(deleted(pod))
  await node.clock.advance(5_000)
  const { uid = '' } = pod.metadata
  expect(order).toContain(`/logs/ns_p_${uid}`)
  node.workers.remove('ns/p', uid)
  await node.clock.advance(100)
  expect(order.filter((path) => path === `/logs/ns_p_${uid}` || path === `/state/${uid}.json`)).toEqual([`/logs/ns_p_${uid}`, `/state/${uid}.json`])
})

/** One failure, and the agent looked after it until its own end. */
test('a pod whose last traces cannot be cleared away at once is let go when they can', async () => {
  const { logs, files } = node.parts
  const [removeLogs, removeFile] = [logs.remove, files.remove]
  const busy = (): Promise<void> => Promise.reject(new Error('ENOTEMPTY'))
  const pod = testPod('p', { containers: [shell('c', 'while :; do sleep 1; done')] })
  node.workers.update(pod)
  await node.clock.advance(1_000)
  logs.remove = busy
  files.remove = (path) => (path.startsWith('/state/') ? busy() : removeFile(path))
  node.workers.remove('ns/p', pod.metadata.uid ?? '')
  await node.clock.advance(5_000)
  expect(node.removed('p')).toBe(true)
  logs.remove = removeLogs
  await node.clock.advance(10_000)
  expect(node.workers.pods()).toHaveLength(1)
  files.remove = removeFile
  await node.clock.advance(30_000)
  expect(node.workers.pods()).toEqual([])
  expect(await files.names('/state')).toEqual([])
})
