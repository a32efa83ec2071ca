import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../shared/kit/log.ts'
import type { PodSpec } from '../../shared/model/gen/api.ts'
import { podHarness, shell, testPod, type PodHarness } from '../pods/harness.ts'
import type { Observations } from './decide.ts'
import type { LocalStorage } from './local-storage.ts'
import { EvictionLoop } from './loop.ts'
import type { PodUse } from './rank.ts'
import { DEFAULT_EVICTION, parseThresholds, type Pressure } from './thresholds.ts'

const MI = 2 ** 20
const calmNode: Observations = { 'memory.available': { available: 2048 * MI, capacity: 4096 * MI }, 'nodefs.available': { available: 50, capacity: 100 } }

let node: PodHarness
let loop: EvictionLoop
let observed: Observations
let imagesReclaimed: number
let unmeasured: string | undefined
const uses = new Map<string, PodUse>()
const storage = new Map<string, LocalStorage>()
const told: string[] = []
const changes: Array<readonly Pressure[]> = []
const over = new AbortController()

beforeEach(async () => {
  observed = calmNode
  imagesReclaimed = 0
  unmeasured = undefined
  for (const all of [uses, storage]) all.clear()
  told.length = 0
  changes.length = 0
  node = await podHarness()
  loop = new EvictionLoop({
    nodeName: 'n1',
    thresholds: parseThresholds(DEFAULT_EVICTION),
    transitionMs: 300_000,
    longestGraceMs: 0,
    measures: { observe: async () => observed, use: async ({ pod }) => uses.get(measurable(pod.metadata.name ?? '')), storage: async ({ pod }) => storage.get(measurable(pod.metadata.name ?? '')) ?? { volumes: new Map(), containers: new Map() } },
    pods: { pods: () => node.workers.pods(), evict: (uid, eviction) => node.workers.evict(uid, eviction) },
    reclaimImages: async () => void imagesReclaimed++,
    tell: ({ reason, message }) => void told.push(`${reason}: ${message}`),
    clock: node.clock,
    log: silentLog,
  })
  loop.onChange(() => changes.push(loop.pressures))
  void loop.run(over.signal)
})
afterEach(() => node.close())

async function start(...given: ReadonlyArray<readonly [string, Partial<PodSpec>, number]>): Promise<void> {
  for (const [name, spec, memoryMi] of given) {
    node.workers.update(testPod(name, { containers: [shell('c', 'while :; do sleep 1; done')], ...spec }))
    uses.set(name, { memoryBytes: memoryMi * MI, storageBytes: memoryMi * MI, containers: [{ name: 'c', memoryBytes: memoryMi * MI }] })
  }
  await node.clock.advance(5_000)
}
function measurable(name: string): string {
  if (name === unmeasured) throw new Error('ENAMETOOLONG')
  return name
}
const failed = (): readonly string[] => ['a', 'b', 'c', 'files'].filter((name) => node.status(name).phase === 'Failed')

test('memory: one pod at a time, the hungriest first; the condition goes five minutes later', async () => {
  await start(['a', {}, 100], ['b', {}, 900], ['c', { priority: 2_000_000_000 }, 3000])
  expect(told).toEqual([])
  observed = { 'memory.available': { available: 64 * MI, capacity: 4096 * MI } }
  await node.clock.advance(6_000)
  expect(changes).toEqual([['MemoryPressure']])
  expect(told).toEqual(['NodeHasInsufficientMemory: Node n1 status is now: NodeHasInsufficientMemory', 'EvictionThresholdMet: Attempting to reclaim memory'])
  await node.clock.advance(2_000)
  expect(failed()).toEqual(['b'])
  expect(node.status('b').message).toBe('The node was low on resource: memory. Threshold quantity: 100Mi, available: 64Mi. Container c was using 900Mi, request is 0, has larger consumption of memory. ')
  await node.clock.advance(6_000)
  expect(failed()).toEqual(['a', 'b'])
  await node.clock.advance(60_000)
  // What the system needs stays, whatever it uses.
  expect(failed()).toEqual(['a', 'b'])
  observed = calmNode
  await node.clock.advance(310_000)
  expect(changes.at(-1)).toEqual([])
  expect(told.at(-1)).toBe('NodeHasSufficientMemory: Node n1 status is now: NodeHasSufficientMemory')
})

test('disk: images first, and where that was enough no pod goes', async () => {
  await start(['a', {}, 10])
  let reads = 0
  observed = { get 'nodefs.available'() { return { available: reads++ === 0 || imagesReclaimed === 0 ? 5 : 60, capacity: 100 } } }
  await node.clock.advance(12_000)
  expect({ imagesReclaimed: imagesReclaimed > 0, failed: failed(), pressures: loop.pressures }).toEqual({ imagesReclaimed: true, failed: [], pressures: ['DiskPressure'] })
})

test('a pod that writes more than it may goes, under no pressure at all', async () => {
  await start(['files', { volumes: [{ name: 'd', emptyDir: { sizeLimit: '1Mi' } }] }, 10], ['a', {}, 10])
  storage.set('files', { volumes: new Map([['d', 5 * MI]]), containers: new Map() })
  await node.clock.advance(15_000)
  expect(failed()).toEqual(['files'])
  expect(node.status('files')).toMatchObject({ reason: 'Evicted', message: 'Usage of EmptyDir volume "d" exceeds the limit "1Mi". ' })
  expect(loop.pressures).toEqual([])
})

test('what the system needs stays, also when it writes more than it may', async () => {
  const bounded = { volumes: [{ name: 'd', emptyDir: { sizeLimit: '1Mi' } }] }
  await start(['a', { ...bounded, priority: 2_000_000_000 }, 10], ['files', bounded, 10])
  for (const name of ['a', 'files']) storage.set(name, { volumes: new Map([['d', 5 * MI]]), containers: new Map() })
  await node.clock.advance(35_000)
  expect(failed()).toEqual(['files'])
})

test('a pod whose files cannot be measured keeps nobody else from going', async () => {
  const bounded = { volumes: [{ name: 'd', emptyDir: { sizeLimit: '1Mi' } }] }
  unmeasured = 'a'
  await start(['a', bounded, 10], ['files', bounded, 10], ['b', {}, 900])
  storage.set('files', { volumes: new Map([['d', 5 * MI]]), containers: new Map() })
  await node.clock.advance(15_000)
  expect(failed()).toEqual(['files'])
  observed = { 'memory.available': { available: 64 * MI, capacity: 4096 * MI } }
  await node.clock.advance(30_000)
  expect(loop.pressures).toEqual(['MemoryPressure'])
  expect(failed()).toContain('b')
})
