import { expect, test } from 'vitest'
import { ApiError } from '../../shared/kit/api-error.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../../shared/model/gen/api.ts'
import { events, nodes, persistentVolumeClaims, persistentVolumes, pods, storageClasses } from '../../shared/model/resources.ts'
import { createPersistentVolumeController } from '../controllers/persistentvolume/reconcile.ts'
import { world, type World } from '../controllers/testing.ts'
import { createScheduler } from './scheduler.ts'

const node = (name: string): Node => ({ metadata: { name, labels: { host: name } }, spec: {}, status: { allocatable: { cpu: '2', memory: '4Gi', pods: '10' } } })
const volume = (name: string, ...hosts: readonly string[]): PersistentVolume => ({
  metadata: { name },
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'wait', ...(hosts.length > 0 && { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'host', operator: 'In', values: hosts }] }] } } }) },
})
const claim = (name: string, storageClassName = 'wait'): PersistentVolumeClaim => ({ metadata: { name, namespace: 'ns' }, spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage: '1Gi' } } } })
const storageClass = (name: string, provisioner = 'kubernetes.io/no-provisioner'): StorageClass => ({ metadata: { name }, provisioner, volumeBindingMode: 'WaitForFirstConsumer' })
const pod = (name: string, claimName: string): Pod => ({ metadata: { name, namespace: 'ns' }, spec: { schedulerName: 'default-scheduler', containers: [{ name: 'c' }], volumes: [{ name: 'd', persistentVolumeClaim: { claimName } }] } })

async function scheduling(at: World, client = at.client): Promise<() => void> {
  const over = new AbortController()
  const scheduler = createScheduler({ client, informers: at.informers, clock: at.clock, random: seededRandom(1), log: silentLog, events: at.parts.events })
  for (const name of ['n1', 'n2']) await at.client.create(nodes, node(name))
  await at.client.create(storageClasses, storageClass('wait'))
  await at.client.create(storageClasses, storageClass('made', 'example.com/maker'))
  await at.start(createPersistentVolumeController(at.parts))
  scheduler.run(over.signal).catch(() => {})
  await at.clock.advance(100)
  return () => over.abort()
}

const podNamed = (at: World, name: string): Promise<Pod> => at.client.get(pods, { namespace: 'ns', name })
const claimNamed = (at: World, name: string): Promise<PersistentVolumeClaim> => at.client.get(persistentVolumeClaims, { namespace: 'ns', name })
const messageOf = async (at: World, name: string): Promise<string | undefined> => (await podNamed(at, name)).status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message

test('a claim that waits gets the volume of the node its pod goes to, before the pod is bound', async () => {
  await using at = world()
  await scheduling(at)
  await at.client.create(persistentVolumes, volume('v', 'n2'))
  await at.client.create(persistentVolumeClaims, claim('c'))
  await at.clock.advance(1_000)
  expect((await claimNamed(at, 'c')).status?.phase).toBe('Pending')
  await at.client.create(pods, pod('p', 'c'))
  await at.clock.advance(1_000)
  expect((await podNamed(at, 'p')).spec?.nodeName).toBe('n2')
  expect(await claimNamed(at, 'c')).toMatchObject({ metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }, spec: { volumeName: 'v' }, status: { phase: 'Bound' } })
  expect(await at.client.get(persistentVolumes, { name: 'v' })).toMatchObject({ metadata: { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } }, spec: { claimRef: { namespace: 'ns', name: 'c' } }, status: { phase: 'Bound' } })
})

test('of two pods that are decided on at once each gets a volume of its own', async () => {
  await using at = world()
  await scheduling(at)
  for (const [name, on] of [['a', 'n1'], ['b', 'n2']] as const) await at.client.create(persistentVolumes, volume(name, on))
  for (const name of ['c', 'd', 'e']) await at.client.create(persistentVolumeClaims, claim(name))
  await at.clock.advance(1_000)
  for (const [name, of] of [['p', 'c'], ['q', 'd'], ['r', 'e']] as const) await at.client.create(pods, pod(name, of))
  await at.clock.advance(1_000)
  const found = await Promise.all(['c', 'd'].map(async (name) => (await claimNamed(at, name)).spec?.volumeName))
  expect(new Set(found)).toEqual(new Set(['a', 'b']))
  expect((await podNamed(at, 'r')).spec?.nodeName).toBeUndefined()
  expect(await messageOf(at, 'r')).toContain("2 node(s) didn't find available persistent volumes to bind")
  await at.client.create(persistentVolumes, volume('f', 'n2'))
  await at.clock.advance(3_000)
  expect((await podNamed(at, 'r')).spec?.nodeName).toBe('n2')
})

test('a pod waits for its claim to be made, and to be bound', async () => {
  await using at = world()
  await scheduling(at)
  await at.client.create(pods, pod('p', 'c'))
  await at.clock.advance(500)
  expect(await messageOf(at, 'p')).toBe('0/2 nodes are available: persistentvolumeclaim "c" not found. not found')
  await at.client.create(persistentVolumeClaims, claim('c', 'manual'))
  await at.clock.advance(3_000)
  expect(await messageOf(at, 'p')).toBe('0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found')
  await at.client.create(persistentVolumes, { ...volume('v', 'n1'), spec: { ...volume('v', 'n1').spec, storageClassName: 'manual' } })
  await at.clock.advance(5_000)
  expect((await podNamed(at, 'p')).spec?.nodeName).toBe('n1')
})

test('a provisioner is told the node, and the pod is bound when the volume is there; one that cannot is asked again', async () => {
  await using at = world()
  await scheduling(at)
  await at.client.create(persistentVolumeClaims, claim('c', 'made'))
  await at.client.create(pods, pod('p', 'c'))
  await at.clock.advance(1_000)
  const asked = await claimNamed(at, 'c')
  const chosen = asked.metadata.annotations?.['volume.kubernetes.io/selected-node'] ?? ''
  expect(['n1', 'n2']).toContain(chosen)
  expect((await podNamed(at, 'p')).spec?.nodeName).toBeUndefined()
  await at.client.patch(persistentVolumeClaims, { namespace: 'ns', name: 'c' }, { type: 'merge', body: { metadata: { annotations: { 'volume.kubernetes.io/selected-node': null } } } })
  await at.clock.advance(10_000)
  expect((await at.client.list(events)).items.map(({ message }) => message)).toContain('running PreBind plugin "VolumeBinding": binding volumes: provisioning failed for PVC "c"')
  const again = (await claimNamed(at, 'c')).metadata.annotations?.['volume.kubernetes.io/selected-node'] ?? ''
  expect(['n1', 'n2']).toContain(again)
  await at.client.create(persistentVolumes, { ...volume('v', again), spec: { ...volume('v', again).spec, storageClassName: 'made', claimRef: { namespace: 'ns', name: 'c', uid: asked.metadata.uid } } })
  await at.clock.advance(1_000)
  expect((await podNamed(at, 'p')).spec?.nodeName).toBe(again)
})

test('a volume that cannot be promised is promised to nobody, and it is tried again', async () => {
  await using at = world()
  let refused = 0
  const client: typeof at.client = {
    ...at.client,
    update: async (resource, object, options) => {
      if (resource.plural === 'persistentvolumes' && refused++ === 0) throw new ApiError({ metadata: {}, code: 409, reason: 'Conflict', message: 'somebody was quicker' })
      return await at.client.update(resource, object, options)
    },
  }
  await scheduling(at, client)
  await at.client.create(persistentVolumes, volume('v', 'n2'))
  await at.client.create(persistentVolumeClaims, claim('c'))
  await at.clock.advance(500)
  await at.client.create(pods, pod('p', 'c'))
  await at.clock.advance(500)
  expect((await podNamed(at, 'p')).spec?.nodeName).toBeUndefined()
  await at.clock.advance(5_000)
  expect((await podNamed(at, 'p')).spec?.nodeName).toBe('n2')
})

test('nobody waits for the volume of a pod that has gone, or of a scheduler that has stopped', async () => {
  await using at = world()
  const stop = await scheduling(at)
  for (const name of ['c', 'd']) await at.client.create(persistentVolumeClaims, claim(name, 'made'))
  for (const [name, of] of [['p', 'c'], ['q', 'd']] as const) await at.client.create(pods, pod(name, of))
  await at.clock.advance(1_000)
  await at.client.delete(pods, { namespace: 'ns', name: 'p' }, { gracePeriodSeconds: 0 })
  stop()
  await at.clock.advance(700_000)
  expect((await at.client.list(events)).items.map(({ message }) => message).filter((message) => message?.includes('PreBind'))).toEqual([])
})

test('a scheduler that stops while a volume is being promised binds nothing afterwards', async () => {
  await using at = world()
  const held = Promise.withResolvers<void>()
  const client: typeof at.client = {
    ...at.client,
    update: async (resource, object, options) => {
      const written = await at.client.update(resource, object, options)
      if (resource.plural === 'persistentvolumes') await held.promise
      return written
    },
  }
  const stop = await scheduling(at, client)
  await at.client.create(persistentVolumes, volume('v', 'n2'))
  await at.client.create(persistentVolumeClaims, claim('c'))
  await at.client.create(pods, pod('p', 'c'))
  await at.clock.advance(1_000)
  expect(await claimNamed(at, 'c')).toMatchObject({ spec: { volumeName: 'v' } })
  stop()
  await at.clock.advance(1_000)
  held.resolve()
  await at.clock.advance(1_000)
  expect((await podNamed(at, 'p')).spec?.nodeName).toBeUndefined()
})

test('a pod goes elsewhere where the volume that was made for it is not on the node that was chosen', async () => {
  await using at = world()
  await scheduling(at)
  await at.client.create(persistentVolumeClaims, claim('c', 'made'))
  await at.client.create(pods, pod('p', 'c'))
  await at.clock.advance(1_000)
  const asked = await claimNamed(at, 'c')
  const other = asked.metadata.annotations?.['volume.kubernetes.io/selected-node'] === 'n1' ? 'n2' : 'n1'
  await at.client.create(persistentVolumes, { ...volume('v', other), spec: { ...volume('v', other).spec, storageClassName: 'made', claimRef: { namespace: 'ns', name: 'c', uid: asked.metadata.uid } } })
  await at.clock.advance(10_000)
  expect((await podNamed(at, 'p')).spec?.nodeName).toBe(other)
})
