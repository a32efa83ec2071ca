import { expect, test } from 'vitest'
import type { Pod, PodCondition } from '../../../shared/model/gen/api.ts'
import { podNonZeroRequests, podRequests } from './requests.ts'

interface Resized {
  readonly wished: string
  readonly allocated: string
  readonly applied: string
  readonly conditions?: readonly Partial<PodCondition>[]
}

const podOf = ({ wished, allocated, applied, conditions = [] }: Resized): Pod =>
  ({
    metadata: { name: 'p' },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: wished } } }] },
    status: { conditions, containerStatuses: [{ name: 'c', allocatedResources: { cpu: allocated }, resources: { requests: { cpu: applied } } }] },
  }) as unknown as Pod

const infeasible = [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }]

test.each<[string, Resized, number]>([
  ['at rest', { wished: '1', allocated: '1', applied: '1' }, 1000],
  ['wishes more', { wished: '2', allocated: '1', applied: '1' }, 2000],
  ['was given more', { wished: '1', allocated: '2', applied: '1' }, 2000],
  ['is to shrink, but has more yet', { wished: '1', allocated: '1', applied: '3' }, 3000],
  ['wishes more, later', { wished: '2', allocated: '1', applied: '1', conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Deferred' }] }, 2000],
  ['wishes what its node can never give', { wished: '200', allocated: '1', applied: '1', conditions: infeasible }, 1000],
])('a pod that %s', (_name, pod, millis) => {
  expect(podRequests(podOf(pod)).cpuMillis).toBe(millis)
  expect(podNonZeroRequests(podOf(pod)).cpuMillis).toBe(millis)
})

test('what the pod as a whole asks for stands for its containers, huge pages too', () => {
  const { cpuMillis, memoryBytes, scalars } = podRequests({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1', memory: '1Mi', 'hugepages-2Mi': '2Mi', 'a.b/c': '1' } } }], resources: { requests: { cpu: '2', 'hugepages-2Mi': '8Mi' } }, overhead: { memory: '1Mi' } } })
  expect([cpuMillis, memoryBytes, Object.fromEntries(scalars)]).toEqual([2_000, 2 << 20, { 'hugepages-2Mi': 8 << 20, 'a.b/c': 1 }])
})
