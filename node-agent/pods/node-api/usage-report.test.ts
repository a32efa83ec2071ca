import { expect, test } from 'vitest'
import type { ContainerUsage } from '../../stats/stats.ts'
import type { UsageSample } from './samples.ts'
import { usageReport } from './usage-report.ts'

const container = (name: string, cpuNanos: number, startedMs = 0): ContainerUsage => ({ name, cpuNanos, memoryBytes: 100, startedMs })
const pod = (name: string, ...containers: readonly ContainerUsage[]): UsageSample['pods'][number] => ({ namespace: 'ns', name, uid: name, cpuNanos: 0, memoryBytes: 0, containers })
const at = (atMs: number, cpuNanos: number, ...pods: UsageSample['pods']): UsageSample => ({ atMs, node: { cpuNanos, memoryBytes: 1000, memoryTotalBytes: 4000 }, pods })

test('rates are averages between the two moments', () => {
  const report = usageReport({ before: at(10_000, 0, pod('p', container('c', 1e9))), now: at(20_000, 5e9, pod('p', container('c', 2e9))) })
  expect(report).toEqual({ atMs: 20_000, windowMs: 10_000, node: { cpuNanoCores: 5e8, memoryBytes: 1000 }, pods: [{ uid: 'p', windowMs: 10_000, containers: [{ name: 'c', cpuNanoCores: 1e8, memoryBytes: 100 }] }] })
})

test('a container that began in between, or anew, is measured since it began', () => {
  const report = usageReport({ before: at(10_000, 0, pod('p', container('c', 9e9, 1000))), now: at(20_000, 0, pod('p', container('c', 1e9, 18_000)), pod('q', container('c', 5e8, 19_000))) })
  expect(report.pods).toEqual([
    { uid: 'p', windowMs: 2000, containers: [{ name: 'c', cpuNanoCores: 5e8, memoryBytes: 100 }] },
    { uid: 'q', windowMs: 1000, containers: [{ name: 'c', cpuNanoCores: 5e8, memoryBytes: 100 }] },
  ])
})

test('a pod of which nothing was measured, or not all, is left out', () => {
  const now = at(20_000, 0, pod('none'), pod('half', container('a', 1), { ...container('b', 1), startedMs: undefined }))
  expect(usageReport({ before: at(10_000, 0, pod('half', container('a', 0))), now }).pods).toEqual([])
})
