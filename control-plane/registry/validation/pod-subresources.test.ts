import { expect, test } from 'vitest'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import type { Container, ContainerStatus, Pod, PodStatus } from '../../../shared/model/gen/api.ts'
import { validateEphemeralContainers } from './containers.ts'
import { validateResize } from './pod-subresources.ts'

const pod = (containers: readonly Container[], more: { readonly initContainers?: readonly Container[]; readonly status?: PodStatus } = {}): Pod => ({ metadata: { name: 'p' }, spec: { containers, ...(more.initContainers && { initContainers: more.initContainers }) }, ...(more.status && { status: more.status }) })
const asking = (name: string, requests: Readonly<Record<string, string>>, more: Partial<Container> = {}): Container => ({ name, resources: { requests }, ...more })
const resized = (after: Pod, before: Pod): readonly string[] => validateResize(after, before).map(fieldErrorText)

test('nothing that was asked for is taken back, of sidecars first', () => {
  const sidecar = { restartPolicy: 'Always' }
  const before = pod([asking('a', { cpu: '1', 'ephemeral-storage': '1' })], { initContainers: [asking('i', { cpu: '1', memory: '1' }), asking('s', { cpu: '1', memory: '1' }, sidecar)] })
  const after = pod([asking('a', { cpu: '1' })], { initContainers: [asking('i', { cpu: '1' }), asking('s', { cpu: '1' }, sidecar)] })
  expect(resized(after, before)).toEqual([
    'spec.initContainers[1].resources.requests: Forbidden: resource requests cannot be removed',
    'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
    'spec: Forbidden: only cpu and memory resources are mutable',
    'spec: Forbidden: resources for non-sidecar init containers are immutable',
  ])
})

test('the first container that runs tells whether its node can resize', () => {
  const one = (state: ContainerStatus['state'], resources?: ContainerStatus['resources']): ContainerStatus => ({ name: 'a', image: '', imageID: '', ready: true, restartCount: 0, state, ...(resources && { resources }) })
  const resize = (given: PodStatus): readonly string[] => resized(pod([asking('a', { cpu: '2' })]), pod([asking('a', { cpu: '1' })], { status: given }))
  expect(resize({ containerStatuses: [one({ waiting: {} })] })).toEqual([])
  expect(resize({ containerStatuses: [one({ waiting: {} }), one({ running: {} }, { requests: {} }), one({ running: {} })] })).toEqual([])
  expect(resize({ containerStatuses: [one({ running: {} })] })).toEqual(['spec: Forbidden: Pod running on node without support for resize'])
})

test('of a container that is added to look around even empty parts are refused', () => {
  const spec = { containers: [{ name: 'a' }], ephemeralContainers: [{ name: 'e', image: 'i', imagePullPolicy: 'Always', terminationMessagePolicy: 'File', resources: {}, lifecycle: {}, ports: [] }] }
  const errors = validateEphemeralContainers({ spec, volumes: new Map(), claimNames: new Set() }, 'spec.ephemeralContainers')
  expect(errors.map(({ field }) => field)).toEqual(['spec.ephemeralContainers[0].ports', 'spec.ephemeralContainers[0].lifecycle'])
})
