import { expect, test } from 'vitest'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import type { Container, ContainerStatus, Pod, PodSpec, PodStatus } from '../../../shared/model/gen/api.ts'
import { prepareChangedPod } from '../updates/pod.ts'
import { validateResize } from './pod-resize.ts'

const pod = (containers: readonly Container[], more: Partial<PodSpec> & { readonly status?: PodStatus } = {}): Pod => {
  const { status, ...spec } = more
  return { metadata: { name: 'p' }, spec: { containers, ...spec }, ...(status && { status }) }
}
const asking = (name: string, requests: Readonly<Record<string, string>>, more: Partial<Container> = {}): Container => ({ name, resources: { requests }, ...more })
const resized = (after: Pod, before: Pod): readonly string[] => validateResize(prepareChangedPod(after, before, { nowMs: 0, subresource: 'resize', userName: '' }), before).map(fieldErrorText)
const sidecar = { restartPolicy: 'Always' }

test('nothing that was asked for is taken back, of init containers first', () => {
  const before = pod([asking('a', { cpu: '1', 'ephemeral-storage': '1' })], { initContainers: [asking('i', { cpu: '1', memory: '1' }), asking('s', { cpu: '1', memory: '1' }, sidecar)] })
  const after = pod([asking('a', { cpu: '1' })], { initContainers: [asking('i', { cpu: '1' }), asking('s', { cpu: '1' }, sidecar)] })
  expect(resized(after, before)).toEqual([
    'spec.initContainers[0].resources.requests: Forbidden: resource requests cannot be removed',
    'spec.initContainers[1].resources.requests: Forbidden: resource requests cannot be removed',
    'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
    'spec: Forbidden: only cpu and memory resources are mutable',
  ])
})

test('only CPU and memory change: neither other resources nor when to restart for them', () => {
  const before = pod([asking('a', { cpu: '1' })], { initContainers: [asking('i', { cpu: '1' })] })
  expect(resized(pod([asking('a', { cpu: '2', memory: '1' })], { initContainers: [asking('i', { cpu: '2' })] }), before)).toEqual([])
  expect(resized(pod([asking('a', { cpu: '1', 'ephemeral-storage': '1' })], { initContainers: [asking('i', { cpu: '1', 'ephemeral-storage': '1' })] }), before)).toEqual([
    'spec: Forbidden: only cpu and memory resources are mutable',
    'spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable',
  ])
  const policy = { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }] }
  expect(resized(pod([asking('a', { cpu: '1' }, policy)], { initContainers: [asking('i', { cpu: '1' })] }), before)).toEqual(['spec: Forbidden: only cpu and memory resources are mutable'])
})

test('an init container that would have to start again for it cannot be resized, a sidecar can', () => {
  const policy = { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }
  const of = (cpu: string, more: Partial<Container>): Pod => pod([asking('a', { cpu: '1' })], { initContainers: [asking('i', { cpu }, { ...policy, ...more })] })
  expect(resized(of('2', {}), of('1', {}))).toEqual(['spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy of RestartContainer cannot be resized'])
  expect(resized(of('2', sidecar), of('1', sidecar))).toEqual([])
})

test('containers keep their number and their order', () => {
  const [a, b] = [asking('a', { cpu: '1' }), asking('b', { cpu: '1' })]
  expect(resized(pod([b, a]), pod([a, b]))).toEqual([0, 1].map((index) => `spec.containers[${index}].name: Forbidden: containers may not be renamed or reordered on resize`))
  expect(resized(pod([a]), pod([a, b]))).toEqual(['spec.containers: Forbidden: containers may not be added or removed on resize'])
  expect(resized(pod([a], { initContainers: [b] }), pod([a]))).toEqual(['spec.initContainers: Forbidden: initContainers may not be added or removed on resize'])
})

test('a pod as a whole is resized as its containers are', () => {
  const whole = (resources?: PodSpec['resources']): Pod => pod([asking('a', { cpu: '1' })], resources && { resources })
  expect(resized(whole({ requests: { cpu: '3' } }), whole({ requests: { cpu: '2' } }))).toEqual([])
  expect(resized(whole(), whole({ requests: { cpu: '2' } }))).toEqual(['spec.resources: Forbidden: pod-level resources cannot be removed'])
  expect(resized(whole({ requests: { cpu: '2' } }), whole({ requests: { cpu: '2', memory: '1' } }))).toEqual(['spec.resources.requests: Forbidden: pod-level resource requests cannot be removed'])
  expect(resized(whole({ requests: { cpu: '2', 'hugepages-2Mi': '2Mi' } }), whole({ requests: { cpu: '2' } }))).toEqual(['spec: Forbidden: only cpu and memory resources are mutable at pod-level'])
})

test('the first container that runs tells whether its node can resize', () => {
  const one = (state: ContainerStatus['state'], resources?: ContainerStatus['resources']): ContainerStatus => ({ name: 'a', image: '', imageID: '', ready: true, restartCount: 0, state, ...(resources && { resources }) })
  const resize = (given: PodStatus): readonly string[] => resized(pod([asking('a', { cpu: '2' })]), pod([asking('a', { cpu: '1' })], { status: given }))
  expect(resize({ containerStatuses: [one({ waiting: {} })] })).toEqual([])
  expect(resize({ containerStatuses: [one({ waiting: {} }), one({ running: {} }, { requests: {} }), one({ running: {} })] })).toEqual([])
  expect(resize({ containerStatuses: [one({ running: {} })] })).toEqual(['spec: Forbidden: Pod running on node without support for resize'])
})
