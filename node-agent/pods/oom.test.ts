import { afterEach, beforeEach, expect, test } from 'vitest'
import { podHarness, shell, testPod, type PodHarness } from './harness.ts'
import { oomWords } from './oom.ts'

let node: PodHarness
beforeEach(async () => {
  node = await podHarness()
})
afterEach(async () => {
  await node.close()
})

const limited = { resources: { limits: { memory: '20Mi' } } }
const eventsOf = (): readonly string[] => node.events.filter(({ reason }) => reason === 'OOMKilled').map(({ message, containerName }) => `${containerName}: ${message}`)

test('a container that the kernel killed: its state and an event say by which limit, and how much it used', async () => {
  node.parts.cgroups.memoryPeak = async () => 20 << 20
  node.workers.update(testPod('p', { restartPolicy: 'Never', containers: [shell('c', 'while :; do sleep 1; done', limited)] }))
  await node.clock.advance(100)
  node.runtime.exit([...node.runtime.host.containers.keys()][0] ?? '', 137, { oomKilled: true })
  await node.clock.advance(1000)
  const words = "out of memory: the container's limit is 20Mi (it used 20Mi)"
  expect(node.status('p')).toMatchObject({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 137, reason: 'OOMKilled', message: words } } }] })
  expect(eventsOf()).toEqual([`c: Container c was killed: ${words}`])
})

test('a process killed in a container that lives on is told once', async () => {
  node.parts.cgroups.memoryPeak = async () => 20 << 20
  node.workers.update(testPod('p', { containers: [shell('c', 'while :; do sleep 1; done', limited)] }))
  await node.clock.advance(15_000)
  expect(eventsOf()).toEqual([])
  node.parts.cgroups.oomKills = async () => 1
  await node.clock.advance(30_000)
  expect(eventsOf()).toEqual(["c: A process in container c was killed: out of memory: the container's limit is 20Mi (it used 20Mi)"])
  expect(node.status('p').containerStatuses).toMatchObject([{ state: { running: {} } }])
})

test.each([
  ['its own limit', { ownLimitBytes: 20 << 20, podLimitBytes: 64 << 20, peakBytes: 20 << 20 }, "the container's limit is 20Mi (it used 20Mi)"],
  ['its pod’s limit, which shows as its own', { ownLimitBytes: 64 << 20, podLimitBytes: 64 << 20, peakBytes: 30 << 20 }, 'the limit of the pod as a whole is 64Mi (it used 30Mi)'],
  ['no limit at all', { peakBytes: 1.5 * 2 ** 30 }, 'the node had none left (it used 1536Mi)'],
  ['a kernel that does not tell the most', { ownLimitBytes: 20 << 20 }, "the container's limit is 20Mi"],
])('whose memory was too little: %s', (_whose, facts, words) => {
  expect(oomWords(facts)).toBe(`out of memory: ${words}`)
})
