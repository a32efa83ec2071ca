import { expect, test } from 'vitest'
import { fieldValue, formatMap, resourceValue } from './downward.ts'
import type { Pod } from './gen/api.ts'

const pod: Pod = {
  metadata: { name: 'p', namespace: 'ns', uid: 'u', labels: { b: '2', a: 'say "x"\n' } },
  spec: { nodeName: 'n1', serviceAccountName: 'default', containers: [{ name: 'c' }, { name: 'o', resources: { limits: { cpu: '100m', memory: '16Mi', 'ephemeral-storage': '2Gi' } } }] },
  status: { podIP: '10.1.0.2', podIPs: [{ ip: '10.1.0.2' }], hostIP: '192.0.2.1', hostIPs: [{ ip: '192.0.2.1' }] },
}

test('fields of metadata, spec and status', () => {
  expect(['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName', 'status.podIP', 'status.hostIPs'].map((path) => fieldValue(pod, path))).toEqual(['p', 'ns', 'u', 'n1', 'default', '10.1.0.2', '192.0.2.1'])
  expect(fieldValue(pod, "metadata.labels['b']")).toBe('2')
  expect(fieldValue(pod, "metadata.labels['none']")).toBe('')
  expect(fieldValue(pod, 'spec.nonsense')).toBeUndefined()
})

test('maps are sorted and quoted', () => {
  expect(formatMap(pod.metadata.labels ?? {})).toBe('a="say \\"x\\"\\n"\nb="2"')
})

test('resources: other container, divisor, requests default to nothing, limits to the node', () => {
  expect(resourceValue(pod, { resource: 'limits.ephemeral-storage', containerName: 'o' })).toBe('2147483648')
  expect(resourceValue(pod, { resource: 'limits.cpu', containerName: 'o', divisor: '1m' })).toBe('100')
  expect(resourceValue(pod, { resource: 'limits.cpu', containerName: 'o' })).toBe('1')
  expect(resourceValue(pod, { resource: 'limits.memory', containerName: 'o', divisor: '1Mi' })).toBe('16')
  expect(resourceValue(pod, { resource: 'requests.cpu' }, { containerName: 'c' })).toBe('0')
  expect(resourceValue(pod, { resource: 'limits.cpu' }, { containerName: 'c', allocatable: { cpu: '2' } })).toBe('2')
  expect(resourceValue(pod, { resource: 'limits.cpu', containerName: 'nope' })).toBeUndefined()
})
