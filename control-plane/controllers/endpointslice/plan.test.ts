import { expect, test } from 'vitest'
import type { EndpointSlice, Node, Pod, Service } from '../../../shared/model/gen/api.ts'
import { endpointSlices, nodes, pods, services } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { planSlices } from './plan.ts'
import { createEndpointSliceController } from './reconcile.ts'

const service = (spec: Service['spec'] = {}): Service => ({
  metadata: { name: 'web', namespace: 'ns', uid: 'service', labels: { team: 'x' } },
  spec: { clusterIP: '10.96.0.1', ipFamilies: ['IPv4'], selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http', protocol: 'TCP' }], ...spec },
})

const pod = (name: string, more: { readonly ready?: boolean; readonly port?: number; readonly deleting?: boolean; readonly ip?: string; readonly hostname?: string } = {}): Pod => ({
  metadata: { name, namespace: 'ns', uid: name, labels: { app: 'web' }, ...(more.deleting ? { deletionTimestamp: 't' } : {}) },
  spec: { nodeName: 'n', containers: [{ name: 'c', ports: [{ name: 'http', containerPort: more.port ?? 8080 }] }], ...(more.hostname ? { hostname: more.hostname, subdomain: 'web' } : {}) },
  status: { phase: 'Running', podIP: more.ip ?? `10.0.0.${name}`, podIPs: [{ ip: more.ip ?? `10.0.0.${name}` }], conditions: [{ type: 'Ready', status: more.ready === false ? 'False' : 'True' }] },
})

const node: Node = { metadata: { name: 'n', labels: { 'topology.kubernetes.io/zone': 'zone-a' } } }
const plan = (of: { readonly service?: Service; readonly pods: readonly Pod[]; readonly slices?: readonly EndpointSlice[] }) =>
  planSlices({ service: of.service ?? service(), pods: of.pods, slices: of.slices ?? [], nodeOf: (name) => (name === 'n' ? node : undefined) })

/** What the API would have stored. */
const stored = (slices: readonly EndpointSlice[]): EndpointSlice[] => slices.map((slice, index) => ({ ...slice, metadata: { ...slice.metadata, name: slice.metadata.name ?? `s${index}` } }))
const many = (from: number, to: number): Pod[] => Array.from({ length: to - from }, (_, index) => pod(String(from + index)))

test('a ready pod, an unready one and one on its way out', () => {
  const { create, update, remove } = plan({ pods: [pod('1'), pod('2', { ready: false }), pod('3', { deleting: true })] })
  expect([update, remove]).toEqual([[], []])
  expect(create).toEqual([
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        generateName: 'web-',
        namespace: 'ns',
        labels: { team: 'x', 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io', 'kubernetes.io/service-name': 'web' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'service', controller: true, blockOwnerDeletion: true }],
      },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [
        { addresses: ['10.0.0.1'], conditions: { ready: true, serving: true, terminating: false }, nodeName: 'n', targetRef: { kind: 'Pod', namespace: 'ns', name: '1', uid: '1' }, zone: 'zone-a' },
        { addresses: ['10.0.0.2'], conditions: { ready: false, serving: false, terminating: false }, nodeName: 'n', targetRef: { kind: 'Pod', namespace: 'ns', name: '2', uid: '2' }, zone: 'zone-a' },
        { addresses: ['10.0.0.3'], conditions: { ready: false, serving: true, terminating: true }, nodeName: 'n', targetRef: { kind: 'Pod', namespace: 'ns', name: '3', uid: '3' }, zone: 'zone-a' },
      ],
    },
  ])
})

test('publishNotReadyAddresses makes all ready; a host name is told to a headless service', () => {
  const headless = service({ clusterIP: 'None', publishNotReadyAddresses: true })
  const [slice] = plan({ service: headless, pods: [pod('1', { ready: false, hostname: 'p' })] }).create
  expect(slice?.endpoints?.[0]).toMatchObject({ hostname: 'p', conditions: { ready: true, serving: false } })
  expect(slice?.metadata.labels).toHaveProperty(['service.kubernetes.io/headless'], '')
})

test('finished pods, pods without an address and pods of nodes that are not there are left out; nothing behind it is an empty slice', () => {
  const nowhere = { ...pod('1'), spec: { nodeName: 'gone', containers: [] } }
  const first = plan({ pods: [nowhere, { ...pod('2'), status: { phase: 'Succeeded', podIP: '1.2.3.4' } }, { ...pod('3'), status: { phase: 'Pending' } }] })
  expect(first.create).toMatchObject([{ endpoints: [], ports: [] }])
  expect(plan({ pods: [], slices: stored(first.create) })).toEqual({ create: [], update: [], remove: [] })
})

test('one slice holds 100; a change of one endpoint writes one slice, and what is right is not written', () => {
  const slices = stored(plan({ pods: many(0, 250) }).create)
  expect(slices.map(({ endpoints }) => endpoints?.length)).toEqual([100, 100, 50])
  expect(plan({ pods: many(0, 250), slices })).toEqual({ create: [], update: [], remove: [] })
  const changed = plan({ pods: [...many(0, 120), pod('120', { ready: false }), ...many(121, 250)], slices })
  expect([changed.create.length, changed.update.map(({ metadata }) => metadata.name), changed.remove.length]).toEqual([0, ['s1'], 0])
})

test('new endpoints go where something is written anyway, or where most room is used; empty slices go', () => {
  const slices = stored(plan({ pods: many(0, 150) }).create)
  const grown = plan({ pods: many(0, 160), slices })
  expect(grown.update.map(({ metadata, endpoints }) => [metadata.name, endpoints?.length])).toEqual([['s1', 60]])
  const swapped = plan({ pods: [...many(1, 150), pod('200')], slices })
  expect(swapped.update.map(({ metadata, endpoints }) => [metadata.name, endpoints?.length])).toEqual([['s0', 100]])
  expect(plan({ pods: many(0, 100), slices }).remove.map(({ metadata }) => metadata.name)).toEqual(['s1'])
})

const named = ({ metadata }: EndpointSlice): string | undefined => metadata.name

test('a slice to make takes the place of one to remove: one update, whether the ports change, the last pod goes, or the first one comes', () => {
  const empty = stored(plan({ pods: [] }).create)
  const first = plan({ pods: [pod('1')], slices: empty })
  expect([first.create, first.remove, first.update.map((slice) => [named(slice), slice.ports?.[0]?.port, slice.endpoints?.length])]).toEqual([[], [], [['s0', 8080, 1]]])
  const moved = plan({ pods: [pod('1', { port: 9090 })], slices: first.update })
  expect([moved.create, moved.remove, moved.update.map((slice) => [named(slice), slice.ports?.[0]?.port])]).toEqual([[], [], [['s0', 9090]]])
  const emptied = plan({ pods: [], slices: moved.update })
  expect([emptied.create, emptied.remove, emptied.update.map((slice) => [named(slice), slice.ports, slice.endpoints])]).toEqual([[], [], [['s0', [], []]]])
})

test('what takes the place of a slice is written over that very one, and has nothing of it but the name', () => {
  const [empty] = stored(plan({ pods: [] }).create)
  if (!empty) throw new Error('nothing was made')
  const seen: EndpointSlice = { ...empty, metadata: { ...empty.metadata, uid: 'u', resourceVersion: '7', annotations: { note: 'x' } } }
  const [next] = plan({ pods: [pod('1')], slices: [seen] }).update
  expect(next?.metadata).toEqual({ ...empty.metadata, name: 's0', uid: 'u', resourceVersion: '7' })
})

test('as many pairs as there are: what is left over is made, or removed', () => {
  const two = stored(plan({ pods: [pod('1'), pod('2', { port: 9090 })] }).create)
  const fewer = plan({ pods: [pod('1', { port: 7070 })], slices: two })
  expect([fewer.create.length, fewer.update.map(named), fewer.remove.map(named)]).toEqual([0, ['s0'], ['s1']])
  const more = plan({ pods: [pod('1', { port: 7070 }), pod('2', { port: 6060 }), pod('3', { port: 5050 })], slices: two })
  expect([more.create.map(({ ports }) => ports?.[0]?.port), more.update.map(({ ports }) => ports?.[0]?.port), more.remove]).toEqual([[5050], [7070, 6060], []])
})

test('slices of an earlier service of that name are neither filled nor replaced: they go, and this one gets its own', () => {
  const before = stored(plan({ service: { ...service(), metadata: { ...service().metadata, uid: 'before' } }, pods: [pod('1')] }).create)
  const { create, update, remove } = plan({ pods: [pod('1')], slices: before })
  expect([create.map(({ metadata }) => metadata.ownerReferences?.[0]?.uid), update, remove.map(named)]).toEqual([['service'], [], ['s0']])
  const nothing = plan({ pods: [], slices: stored(plan({ service: { ...service(), metadata: { ...service().metadata, uid: 'before' } }, pods: [] }).create) })
  expect([nothing.create.length, nothing.update, nothing.remove.map(named)]).toEqual([1, [], ['s0']])
})

test('of the slices that are written anyway the fullest is filled first', () => {
  const slices = stored([...plan({ pods: many(0, 20) }).create, ...plan({ pods: many(20, 80) }).create])
  const { update } = plan({ pods: [...many(1, 79), pod('200')], slices })
  expect(update.map((slice) => [named(slice), slice.endpoints?.length])).toEqual([['s0', 19], ['s1', 60]])
})

test('a pod of a node that is not there is published where those that are not ready are too', () => {
  const lost = { ...pod('1'), spec: { nodeName: 'gone', containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] } }
  const [slice] = plan({ service: service({ publishNotReadyAddresses: true }), pods: [lost] }).create
  expect(slice?.endpoints).toEqual([{ addresses: ['10.0.0.1'], conditions: { ready: true, serving: true, terminating: false }, nodeName: 'gone', targetRef: { kind: 'Pod', namespace: 'ns', name: '1', uid: '1' } }])
})

test('what is written says since when that waits, and does not keep what was said before', () => {
  const view = { service: service(), nodeOf: () => node }
  const made = planSlices({ ...view, pods: [pod('1')], slices: [], triggeredAt: '2026-01-01T00:00:05Z' }).create
  expect(made.map(({ metadata }) => metadata.annotations)).toEqual([{ 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:05Z' }])
  const slices = stored(made.map((slice) => ({ ...slice, metadata: { ...slice.metadata, annotations: { ...slice.metadata.annotations, note: 'x' } } })))
  expect(planSlices({ ...view, pods: [pod('1')], slices, triggeredAt: '2026-01-01T00:00:09Z' }).update).toEqual([])
  expect(planSlices({ ...view, pods: [pod('1'), pod('2')], slices }).update.map(({ metadata }) => metadata.annotations)).toEqual([{ note: 'x' }])
})

test('pods whose named port differs stand in slices of their own', () => {
  expect(plan({ pods: [pod('1'), pod('2', { port: 9090 })] }).create.map(({ ports }) => ports?.[0]?.port)).toEqual([8080, 9090])
})

test('a service that waits for its own removal is still kept up to date, but gets no new slice', async () => {
  await using here = world()
  await here.client.create(nodes, node)
  await here.client.create(services, { ...service(), metadata: { ...service().metadata, finalizers: ['example.com/wait'] } })
  await here.start(createEndpointSliceController(here.parts))
  await here.client.create(pods, pod('1'))
  await here.clock.advance(100)
  await here.client.delete(services, { namespace: 'ns', name: 'web' })
  await here.client.delete(pods, { namespace: 'ns', name: '1' })
  await here.clock.advance(100)
  const [slice] = here.client.all(endpointSlices)
  expect(slice?.endpoints?.map(({ conditions }) => conditions?.terminating)).toEqual([true])
  await here.client.delete(endpointSlices, { namespace: 'ns', name: slice?.metadata.name ?? '' })
  await here.clock.advance(1000)
  expect(here.client.all(endpointSlices)).toEqual([])
})

test('slices follow pods, nodes and services', async () => {
  await using here = world()
  await here.start(createEndpointSliceController(here.parts))
  await here.client.create(services, service())
  await here.client.create(pods, pod('1'))
  await here.clock.advance(100)
  const endpoints = () => here.client.all(endpointSlices).map((slice) => slice.endpoints?.map(({ conditions }) => conditions?.ready))
  expect(endpoints()).toEqual([[]])
  await here.client.create(nodes, node)
  await here.clock.advance(100)
  expect(endpoints()).toEqual([[true]])
  await here.client.patch<Pod>(pods, { namespace: 'ns', name: '1' }, { type: 'merge', body: { status: { conditions: [{ type: 'Ready', status: 'False' }] } } })
  await here.clock.advance(100)
  expect(endpoints()).toEqual([[false]])
})
