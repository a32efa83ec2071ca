import { expect, test } from 'vitest'
import { podMetricsKind } from './kinds.ts'
import { nodeMetrics, podMetrics, windowText } from './measured.ts'

const report = { atMs: 90_000, windowMs: 15_250, node: { cpuNanoCores: 123_456_789, memoryBytes: 3 * 1024 * 1024 + 4096 }, pods: [] }

test('of a node: billionths of a processor, memory in its largest whole unit, and since when', () => {
  expect(nodeMetrics({ metadata: { name: 'n1', labels: { a: 'b' } } }, report)).toEqual({
    kind: 'NodeMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: { name: 'n1', creationTimestamp: '1970-01-01T00:01:30Z', labels: { a: 'b' } },
    timestamp: '1970-01-01T00:01:30Z',
    window: '15.25s',
    usage: { cpu: '123456789n', memory: '3076Ki' },
  })
})

test('of a pod: each container, and their sum in its row', () => {
  const containers = [
    { name: 'a', cpuNanoCores: 250_000_000, memoryBytes: 1024 * 1024 },
    { name: 'b', cpuNanoCores: 0, memoryBytes: 512 * 1024 },
  ]
  const pod = podMetrics({ pod: { metadata: { name: 'p', namespace: 'ns' } }, uid: 'u', windowMs: 250, containers, atMs: 0 })
  expect(pod).toMatchObject({ metadata: { name: 'p', namespace: 'ns' }, window: '250ms', containers: [{ name: 'a', usage: { cpu: '250m', memory: '1Mi' } }, { name: 'b', usage: { cpu: '0', memory: '512Ki' } }] })
  expect(podMetricsKind.row(pod as never, 0)).toEqual(['p', '250m', '1536Ki', '250ms'])
})

test('windows as Go writes them', () => {
  expect([0, 250, 1000, 60_000, 61_500, 3_600_000].map(windowText)).toEqual(['0s', '250ms', '1s', '1m0s', '1m1.5s', '1h0m0s'])
})
