import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Pressure } from '../eviction/thresholds.ts'
import { podHarness, shell, testPod, type PodHarness } from './harness.ts'

let node: PodHarness
const pressures: Pressure[] = []
beforeEach(async () => {
  pressures.length = 0
  node = await podHarness({ pressures: () => pressures })
})
afterEach(() => node.close())

const running = testPod('p', { containers: [shell('c', 'while :; do sleep 1; done')] })
const eviction = { message: 'The node was low on resource: memory. ', annotations: { starved_resource: 'memory' }, isDisruption: true, graceMs: 1_000 }

test('an evicted pod fails for that once nothing of it runs, is told once, and stays so over a restart of the agent', async () => {
  node.workers.update(running)
  await node.clock.advance(1_000)
  expect(node.workers.evict(running.metadata.uid ?? '', eviction)).toBe(true)
  expect(node.workers.evict(running.metadata.uid ?? '', eviction)).toBe(false)
  await node.clock.advance(3_000)
  const told = { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory. ', conditions: expect.arrayContaining([expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message: 'The node was low on resource: memory. ' })]) as unknown }
  expect(node.status('p')).toMatchObject(told)
  expect(node.events.filter(({ reason }) => reason === 'Evicted')).toEqual([{ pod: 'p', type: 'Warning', reason: 'Evicted', message: eviction.message, annotations: eviction.annotations }])
  await node.restartAgent()
  await node.clock.advance(1_000)
  expect(node.workers.statuses().map(({ status }) => status)).toMatchObject([told])
})

test('for what a pod wrote itself nobody else is blamed: no DisruptionTarget', async () => {
  node.workers.update(running)
  await node.clock.advance(1_000)
  node.workers.evict(running.metadata.uid ?? '', { message: 'Usage of EmptyDir volume "d" exceeds the limit "1Mi". ', isDisruption: false, graceMs: 1_000 })
  await node.clock.advance(3_000)
  expect(node.status('p')).toMatchObject({ phase: 'Failed', reason: 'Evicted', message: 'Usage of EmptyDir volume "d" exceeds the limit "1Mi". ' })
  expect(node.status('p').conditions?.map(({ type }) => type)).not.toContain('DisruptionTarget')
})

test('under pressure a new pod is refused, one that is here stays', async () => {
  node.workers.update(running)
  await node.clock.advance(1_000)
  pressures.push('DiskPressure')
  node.workers.update(testPod('late', { containers: [shell('c', 'true')] }))
  node.workers.update({ ...running, metadata: { ...running.metadata, labels: { changed: 'yes' } } })
  await node.clock.advance(1_000)
  expect(node.status('late')).toMatchObject({ phase: 'Failed', reason: 'Evicted', message: 'Pod was rejected: The node had condition: [DiskPressure]. ' })
  expect(node.status('p').phase).toBe('Running')
})
