import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Container, LifecycleHandler } from '../../shared/model/gen/api.ts'
import { deleted, podHarness, shell, testPod, type PodHarness } from './harness.ts'

let node: PodHarness
beforeEach(async () => {
  node = await podHarness()
})
afterEach(async () => {
  await node.close()
})

const hooked = (script: string, postStart: LifecycleHandler): Container => ({ ...shell('c', script), lifecycle: { postStart } })
const FOREVER = 'trap "exit 0" TERM; while :; do sleep 1; done'

/** It was gone only when the sleep was over. */
test('a pod that is deleted while a hook sleeps does not wait for that', async () => {
  const pod = testPod('p', { containers: [hooked(FOREVER, { sleep: { seconds: 600 } })] })
  node.workers.update(pod)
  await node.clock.advance(2_000)
  node.workers.update(deleted(pod, 5))
  await node.clock.advance(10_000)
  expect(node.removed('p')).toBe(true)
  expect(node.events.map(({ reason }) => reason)).not.toContain('FailedPostStartHook')
})

/** The next attempt was stopped for it, and its own hook did not run. */
test('a hook of a container that has ended is nothing to the next attempt', async () => {
  const fail: Array<() => void> = []
  node.parts.probes.http = (_target, { signal }) =>
    new Promise((resolve) => {
      fail.push(() => resolve({ kind: 'failure', output: 'no' }))
      signal.addEventListener('abort', () => resolve({ kind: 'failure', output: 'aborted' }))
    })
  node.workers.update(testPod('p', { containers: [hooked('sleep 1; exit 1', { httpGet: { port: 80 } }), shell('d', FOREVER)] }))
  await node.clock.advance(1_500)
  const second = node.status('p').containerStatuses?.[0]
  expect([second?.restartCount, fail.length]).toEqual([1, 2])
  fail[0]?.()
  await node.clock.advance(100)
  expect(node.status('p').containerStatuses?.[0]).toEqual(second)
})
