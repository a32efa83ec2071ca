import { expect, test } from 'vitest'
import { nodeObject, type NodeFacts } from './node-object.ts'

const facts: NodeFacts = {
  name: 'n1',
  version: 'v1',
  runtimeVersion: 'crun://1',
  host: { cpus: 2, memoryBytes: 2 ** 30, ephemeralStorageBytes: 2 ** 30, kernelVersion: '6', osImage: 'Linux', architecture: 'amd64', machineId: 'm', bootId: 'b', address: '192.0.2.1', hostname: 'n1' },
  maxPods: 110,
  labels: {},
  images: [],
  readiness: { kind: 'ready' },
}
const conditions = (more: Partial<NodeFacts>): readonly string[] => (nodeObject({ ...facts, ...more }).status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason ?? ''}`)

test('what the node lacks is in its conditions', () => {
  expect(conditions({})).toEqual(['MemoryPressure=False KubeletHasSufficientMemory', 'DiskPressure=False KubeletHasNoDiskPressure', 'PIDPressure=False KubeletHasSufficientPID', 'Ready=True KubeletReady'])
  expect(conditions({ pressures: ['DiskPressure', 'MemoryPressure', 'PIDPressure'] })).toEqual(['MemoryPressure=True KubeletHasInsufficientMemory', 'DiskPressure=True KubeletHasDiskPressure', 'PIDPressure=True KubeletHasInsufficientPID', 'Ready=True KubeletReady'])
})

test('what pods may ask for is less than what there is, where something is reserved', () => {
  expect(nodeObject({ ...facts, host: { ...facts.host, hugePageBytes: { '2Mi': 0 } } }).status?.capacity).toMatchObject({ 'hugepages-2Mi': '0' })
  expect(Object.keys(nodeObject(facts).status?.capacity ?? {}).filter((name) => name.startsWith('hugepages-'))).toEqual([])
  expect(nodeObject({ ...facts, allocatable: { cpu: '1' } }).status).toMatchObject({ capacity: { cpu: '2', memory: '1048576Ki', pods: '110' }, allocatable: { cpu: '1' } })
})
