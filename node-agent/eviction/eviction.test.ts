import { describe, expect, test } from 'vitest'
import type { Container, Pod, PodSpec } from '../../shared/model/gen/api.ts'
import { refusedUnderPressure } from './admit-pressure.ts'
import { calm, judgePressure, type Judged, type Observations, type PressureState } from './decide.ts'
import { storageExcess } from './local-storage.ts'
import { pressureWords } from './message.ts'
import { isCritical, rankForEviction, type PodUse } from './rank.ts'
import { DEFAULT_EVICTION, parseThresholds, RECLAIMS, type EvictionSettings, type Pressure, type Signal, type Threshold } from './thresholds.ts'

const MI = 2 ** 20
const GI = 2 ** 30
const pod = (name: string, spec: Partial<PodSpec> = {}, more: Partial<Pod> = {}): Pod => ({ ...more, metadata: { name, namespace: 'ns', uid: name, ...more.metadata }, spec: { containers: [], ...spec } })
const asking = (name: string, requests: Readonly<Record<string, string>>, limits?: Readonly<Record<string, string>>): Container => ({ name, resources: { requests, ...(limits && { limits }) } })
const settings = (more: Partial<EvictionSettings> = {}): readonly Threshold[] => parseThresholds({ ...DEFAULT_EVICTION, ...more })

describe('thresholds', () => {
  test('Kubernetes’ own, and what switches one off', () => {
    expect(settings().map(({ signal, below }) => [signal, below.kind, below.value])).toEqual([
      ['memory.available', 'amount', 100 * MI],
      ['nodefs.available', 'part', 0.1],
      ['nodefs.inodesFree', 'part', 0.05],
      ['imagefs.available', 'part', 0.15],
      ['imagefs.inodesFree', 'part', 0.05],
    ])
    expect(settings({ evictionHard: { 'nodefs.available': '0%', 'imagefs.available': '100%' } })).toEqual([])
  })

  test.each<readonly [Partial<EvictionSettings>, string]>([
    [{ evictionHard: { 'disk.free': '1' } }, 'evictionHard: unknown signal "disk.free"'],
    [{ evictionHard: { 'memory.available': 'much' } }, 'evictionHard: "memory.available" is "much"'],
    [{ evictionHard: { 'nodefs.available': '101%' } }, 'evictionHard: "nodefs.available" is "101%"'],
    [{ evictionSoft: { 'memory.available': '1Gi' } }, 'evictionSoftGracePeriod: "memory.available" needs a time'],
  ])('%j is refused', (given, message) => {
    expect(() => settings(given)).toThrow(message)
  })
})

interface Look {
  readonly atMs: number
  readonly observations: Observations
}

const memory = (availableMi: number): Observations => ({ 'memory.available': { available: availableMi * MI, capacity: 4 * GI } })

function looks(thresholds: readonly Threshold[], given: readonly Look[]): readonly Judged[] {
  let state: PressureState = calm
  return given.map(({ atMs, observations }) => {
    const judged = judgePressure(state, { thresholds, observations, transitionMs: 300_000, nowMs: atMs })
    state = judged.state
    return judged
  })
}

describe('pressure', () => {
  test('a hard threshold acts at once; the condition stays five minutes longer', () => {
    const told = looks(settings(), [
      { atMs: 0, observations: memory(200) },
      { atMs: 10_000, observations: memory(99) },
      { atMs: 20_000, observations: memory(500) },
      { atMs: 309_000, observations: memory(500) },
      { atMs: 311_000, observations: memory(500) },
    ])
    expect(told.map(({ conditions, reclaim }) => [conditions, reclaim?.starved])).toEqual([
      [[], undefined],
      [['MemoryPressure'], 'memory'],
      [['MemoryPressure'], undefined],
      [['MemoryPressure'], undefined],
      [[], undefined],
    ])
  })

  test('a soft one waits for its time, and begins anew when there was peace between', () => {
    const soft = settings({ evictionHard: {}, evictionSoft: { 'memory.available': '1Gi' }, evictionSoftGracePeriod: { 'memory.available': '30s' } })
    const told = looks(soft, [
      { atMs: 0, observations: memory(900) },
      { atMs: 20_000, observations: memory(900) },
      { atMs: 25_000, observations: memory(2000) },
      { atMs: 30_000, observations: memory(900) },
      { atMs: 59_000, observations: memory(900) },
      { atMs: 60_000, observations: memory(900) },
    ])
    expect(told.map(({ reclaim }) => reclaim !== undefined)).toEqual([false, false, false, false, false, true])
    expect(told[0]?.conditions).toEqual(['MemoryPressure'])
  })

  test('what was met is met until the minimum is reclaimed, too', () => {
    const thresholds = settings({ evictionHard: { 'nodefs.available': '1Gi' }, evictionMinimumReclaim: { 'nodefs.available': '500Mi' } })
    const disk = (mi: number): Observations => ({ 'nodefs.available': { available: mi * MI, capacity: 100 * GI } })
    expect(looks(thresholds, [1100, 1000, 1400, 1524].map((mi, at) => ({ atMs: at * 10_000, observations: disk(mi) }))).map(({ reclaim }) => reclaim?.starved)).toEqual([undefined, 'ephemeral-storage', 'ephemeral-storage', undefined])
  })

  test('memory comes first, processes last; what cannot be measured says nothing', () => {
    const thresholds = settings({ evictionHard: { 'pid.available': '1000', 'nodefs.inodesFree': '5%', 'memory.available': '100Mi' } })
    const all: Observations = { ...memory(1), 'pid.available': { available: 1, capacity: 32_768 }, 'nodefs.inodesFree': { available: 4, capacity: 100 } }
    expect(looks(thresholds, [{ atMs: 0, observations: all }])[0]).toMatchObject({ conditions: ['MemoryPressure', 'DiskPressure', 'PIDPressure'], reclaim: { starved: 'memory' } })
    const { 'memory.available': _memory, ...rest } = all
    expect(looks(thresholds, [{ atMs: 0, observations: rest }])[0]).toMatchObject({ reclaim: { starved: 'inodes' } })
    expect(looks(thresholds, [{ atMs: 0, observations: {} }])[0]).toMatchObject({ conditions: [] })
  })
})

describe('who goes first', () => {
  const use = (memoryMi: number, storageMi = 0, processes = 0): PodUse => ({ memoryBytes: memoryMi * MI, storageBytes: storageMi * MI, processes, inodes: storageMi, containers: [] })
  const names = (starved: Parameters<typeof rankForEviction>[1]): readonly string[] =>
    rankForEviction(
      [
        { pod: pod('within', { containers: [asking('c', { memory: '500Mi', 'ephemeral-storage': '1Gi' })] }), use: use(400, 100, 5) },
        { pod: pod('over-a-little', { containers: [asking('c', { memory: '100Mi' })] }), use: use(150, 10, 3) },
        { pod: pod('best-effort-large'), use: use(300, 5, 1) },
        { pod: pod('important', { priority: 1000 }), use: use(900, 500, 99) },
        { pod: pod('unknown', { priority: 5000 }), use: undefined },
        { pod: pod('within-but-unimportant', { priority: -5, containers: [asking('c', { memory: '500Mi' })] }), use: use(10, 0, 1) },
      ],
      starved,
    ).map((one) => one.pod.metadata.name ?? '')

  test('memory: over the request, then priority, then by how much', () => {
    expect(names('memory')).toEqual(['unknown', 'best-effort-large', 'over-a-little', 'important', 'within-but-unimportant', 'within'])
  })
  test('disk', () => {
    expect(names('ephemeral-storage')).toEqual(['unknown', 'over-a-little', 'best-effort-large', 'important', 'within-but-unimportant', 'within'])
  })
  test('processes: priority, then their number', () => {
    expect(names('pids')).toEqual(['unknown', 'within-but-unimportant', 'within', 'over-a-little', 'best-effort-large', 'important'])
  })
  test('never those of files and of the system', () => {
    expect([pod('a'), pod('b', { priority: 2_000_000_000 }), pod('c', {}, { metadata: { uid: 'h', annotations: { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.hash': 'h' } } }), pod('d', {}, { metadata: { annotations: { 'kubernetes.io/config.source': 'file' } } })].map(isCritical)).toEqual([false, true, true, false])
  })
})

test('the words of an eviction', () => {
  const threshold = settings()[0] as Threshold
  const starving = { pod: pod('p', { containers: [asking('big', { memory: '64Mi' }), asking('small', { memory: '1Gi' }), { name: 'free' }] }), use: { containers: [{ name: 'big', memoryBytes: 100 * MI }, { name: 'small', memoryBytes: 5 * MI }, { name: 'free', memoryBytes: 4096 + 512 }] } }
  expect(pressureWords(starving, 'memory', { threshold, amount: { available: 50 * MI, capacity: 4 * GI } })).toEqual({
    message: 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container big was using 100Mi, request is 64Mi, has larger consumption of memory. Container free was using 4608, request is 0, has larger consumption of memory. ',
    annotations: { offending_containers: 'big,free', offending_containers_usage: '100Mi,4608', starved_resource: 'memory' },
  })
})

test.each<readonly [Signal, string, string]>([
  ['memory.available', '500M', 'memory. Threshold quantity: 500M, available: 31Ki. '],
  ['memory.available', '10%', 'memory. Threshold quantity: 3200, available: 31Ki. '],
  ['pid.available', '32000', 'pids. Threshold quantity: 32k, available: 31744. '],
  ['nodefs.inodesFree', '10%', 'inodes. Threshold quantity: 3200, available: 31744. '],
])('the threshold %s of %s is told as it was written, what is left of it in bytes or in numbers', (signal, text, words) => {
  const [threshold] = parseThresholds({ ...DEFAULT_EVICTION, evictionHard: { [signal]: text } })
  expect(pressureWords({ pod: pod('p'), use: undefined }, RECLAIMS[signal], { threshold: threshold as Threshold, amount: { available: 31 * 1024, capacity: 32_000 } }).message).toBe(`The node was low on resource: ${words}`)
})

describe('what a pod writes itself', () => {
  const emptyDir = (name: string, sizeLimit?: string, medium?: string): NonNullable<PodSpec['volumes']>[number] => ({ name, emptyDir: { ...(sizeLimit && { sizeLimit }), ...(medium && { medium }) } })
  const limited = (name: string, limit: string): Container => asking(name, {}, { 'ephemeral-storage': limit })
  test.each<readonly [string, Pod, Readonly<Record<string, number>>, Readonly<Record<string, number>>, string | undefined]>([
    ['nothing said', pod('p', { containers: [{ name: 'c' }], volumes: [emptyDir('d')] }), { d: GI }, { c: GI }, undefined],
    ['a volume over its limit', pod('p', { volumes: [emptyDir('d', '1Mi')] }), { d: 5 * MI }, {}, 'Usage of EmptyDir volume "d" exceeds the limit "1Mi". '],
    ['just at it', pod('p', { volumes: [emptyDir('d', '1Mi')] }), { d: MI }, {}, undefined],
    ['all containers together', pod('p', { containers: [limited('c', '1Mi')] }), {}, { c: 5 * MI }, 'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. '],
    ['volumes count, but not those in memory', pod('p', { containers: [limited('c', '10Mi')], volumes: [emptyDir('d'), emptyDir('m', undefined, 'Memory')] }), { d: 6 * MI, m: 50 * MI }, { c: 3 * MI }, undefined],
    ['one container within the sum of all', pod('p', { containers: [limited('c', '1Mi'), limited('e', '1Gi')] }), {}, { c: 5 * MI, e: 0 }, 'Container c exceeded its local ephemeral storage limit "1Mi". '],
  ])('%s', (_name, given, volumes, containers, message) => {
    expect(storageExcess(given, { volumes: new Map(Object.entries(volumes)), containers: new Map(Object.entries(containers)) })).toBe(message)
  })
})

test.each<readonly [readonly Pressure[], Pod, string | undefined]>([
  [[], pod('p'), undefined],
  [['MemoryPressure'], pod('p'), 'The node had condition: [MemoryPressure]. '],
  [['MemoryPressure'], pod('p', {}, { status: { qosClass: 'Burstable' } }), undefined],
  [['MemoryPressure'], pod('p', { tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' }] }), undefined],
  [['MemoryPressure', 'DiskPressure'], pod('p', {}, { status: { qosClass: 'Burstable' } }), 'The node had condition: [MemoryPressure DiskPressure]. '],
  [['DiskPressure'], pod('p', { priority: 2_000_001_000 }), undefined],
])('under %j a pod is taken or not', (pressures, given, message) => {
  expect(refusedUnderPressure(given, pressures)?.message).toBe(message)
})
