import { afterEach, beforeEach, expect, test } from 'vitest'
import { podHarness, shell, testPod, type PodHarness } from './harness.ts'

let node: PodHarness
beforeEach(async () => {
  node = await podHarness()
})
afterEach(() => node.close())

test('a ready pod stays ready when the agent is started again: nothing is probed before its address is known', async () => {
  node.workers.update(testPod('p', { containers: [{ ...shell('c', 'while :; do sleep 1; done'), readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1, failureThreshold: 1 } }] }))
  await node.clock.advance(5_000)
  expect(node.status('p').containerStatuses?.[0]?.ready).toBe(true)
  await node.restartAgent()
  const from = node.reports.length
  await node.clock.advance(20_000)
  expect(node.reports.slice(from).flatMap(({ status }) => status.containerStatuses?.map(({ ready }) => ready) ?? [])).not.toContain(false)
})
