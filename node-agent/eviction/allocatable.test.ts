import { expect, test } from 'vitest'
import { parseAgentConfig } from '../config.ts'
import { capacityOf } from '../session/node-object.ts'
import { nodeResources, podsCpuMillis, podsMemoryBytes } from './eviction.ts'

const capacity = capacityOf({ cpus: 4, memoryBytes: 8 * 2 ** 30, ephemeralStorageBytes: 100 * 2 ** 30, hugePageBytes: { '2Mi': 4 * 2 ** 21, '1Gi': 0 } }, 110)
const settings = (more: object): ReturnType<typeof parseAgentConfig> => parseAgentConfig(JSON.stringify({ nodeName: 'n1', server: 'https://10.0.0.2:6443', address: '10.0.0.11', ...more }), 'the file')

test('what pods may ask for: less what is reserved, what a hard threshold keeps free, and of memory what was set aside as huge pages', () => {
  expect(capacity).toEqual({ cpu: '4', memory: '8388608Ki', 'ephemeral-storage': '104857600Ki', pods: '110', 'hugepages-2Mi': '8Mi', 'hugepages-1Gi': '0' })
  expect(nodeResources(settings({})).allocatable(capacity)).toEqual({ ...capacity, memory: '8084Mi', 'ephemeral-storage': '90Gi' })
  const reserving = settings({ kubeReserved: { cpu: '200m', memory: '256Mi' }, systemReserved: { cpu: '100m', memory: '256Mi', 'ephemeral-storage': '1Gi' }, evictionHard: { 'memory.available': '512Mi' }, evictionSoft: { 'memory.available': '4Gi' }, evictionSoftGracePeriod: { 'memory.available': '1m' } })
  expect(nodeResources(reserving).allocatable(capacity)).toEqual({ ...capacity, cpu: '3700m', memory: '7160Mi', 'ephemeral-storage': '99Gi' })
  expect(podsMemoryBytes(capacity, nodeResources(reserving).reserved)).toBe(7.5 * 2 ** 30)
  expect([podsCpuMillis(capacity, nodeResources(reserving).reserved), podsCpuMillis(capacity, nodeResources(settings({})).reserved)]).toEqual([3700, undefined])
  expect(nodeResources(settings({ systemReserved: { memory: '16Gi', cpu: '9' } })).allocatable(capacity)).toMatchObject({ cpu: '0', memory: '0' })
})

test.each<readonly [object, string]>([
  [{ kubeReserved: { gpu: '1' } }, 'kubeReserved: unknown resource "gpu"'],
  [{ systemReserved: { memory: 'some' } }, 'systemReserved: "memory": quantities must match'],
  [{ evictionPressureTransitionPeriod: 'soon' }, 'evictionPressureTransitionPeriod: "soon" is no time'],
  [{ evictionHard: { 'memory.available': '-1' } }, 'evictionHard: "memory.available" is "-1"'],
])('%j is refused', (given, message) => {
  expect(() => settings(given)).toThrow(message)
})
