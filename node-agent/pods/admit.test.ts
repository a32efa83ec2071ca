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

test('huge pages: those that are left, and none of a size that the node has not', () => {
  const huge = (name: string, amount: string): Pod => pod({ containers: [{ name: 'c', resources: { requests: { [name]: amount } } }] })
  const node = { ...capacity, hugePages: { 'hugepages-2Mi': 2 ** 24 } }
  const beside = [huge('hugepages-2Mi', '12Mi')]
  expect(admit(huge('hugepages-2Mi', '4Mi'), beside, node)).toBeUndefined()
  expect(admit(huge('hugepages-2Mi', '6Mi'), beside, node)).toEqual({ reason: 'OutOfhugepages-2Mi', message: "Node didn't have enough resource: hugepages-2Mi, requested: 6291456, used: 12582912, capacity: 16777216" })
  expect(admit(huge('hugepages-1Gi', '1Gi'), beside, node)?.reason).toBe('OutOfhugepages-1Gi')
  expect(admit(huge('hugepages-2Mi', '2Mi'), [], capacity)?.reason).toBe('OutOfhugepages-2Mi')
})

test('no more pods than the node may have', () => {
  expect(admit(pod({}), [pod({}), pod({}), pod({})], capacity)).toMatchObject({ reason: 'OutOfpods' })
})
