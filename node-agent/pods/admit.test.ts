import { expect, test } from 'vitest'
import type { Container, Pod, PodSpec } from '../../shared/model/gen/api.ts'
import { admit } from './admit.ts'

const asks = (name: string, cpu: string, more: Partial<Container> = {}): Container => ({ name, resources: { requests: { cpu } }, ...more })
const pod = (spec: Partial<PodSpec>): Pod => ({ metadata: { name: 'p', uid: 'u' }, spec: { containers: [], ...spec } })
const capacity = { cpuMillis: 2_000, memoryBytes: 2 ** 30, pods: 3 }

test.each<readonly [string, Partial<PodSpec>, string | undefined]>([
  ['as much as is left', { containers: [asks('c', '1500m')] }, undefined],
  ['more than is left', { containers: [asks('c', '1501m')] }, "Node didn't have enough resource: cpu, requested: 1501, used: 500, capacity: 2000"],
  // The scheduler reckons so too, and would place it.
  ['an init container before a sidecar', { initContainers: [asks('i', '1500m'), asks('s', '400m', { restartPolicy: 'Always' })], containers: [asks('c', '200m')] }, undefined],
  ['a word of its own, and overhead', { resources: { requests: { cpu: '1' } }, overhead: { cpu: '600m' }, containers: [asks('c', '100m')] }, "Node didn't have enough resource: cpu, requested: 1600, used: 500, capacity: 2000"],
])('%s', (_, spec, message) => {
  expect(admit(pod(spec), [pod({ containers: [asks('c', '500m')] })], capacity)?.message).toBe(message)
})

test('no more pods than the node may have', () => {
  expect(admit(pod({}), [pod({}), pod({}), pod({})], capacity)).toMatchObject({ reason: 'OutOfpods' })
})
