import { expect, test } from 'vitest'
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../shared/model/gen/api.ts'
import { events, persistentVolumeClaims, persistentVolumes, storageClasses } from '../../../shared/model/resources.ts'
import type { KubeObject } from '../../../shared/model/meta.ts'
import type { Resource } from '../../../shared/model/resources.ts'
import type { Informer, Informers } from '../../informers/port.ts'
import { world } from '../testing.ts'
import { bestMatch } from '../../../shared/model/volume-matching.ts'
import { planClaim, planVolume } from './plan.ts'
import { createPersistentVolumeController } from './reconcile.ts'

const volume = (name: string, storage: string, spec: PersistentVolume['spec'] = {}): PersistentVolume => ({
  metadata: { name },
  spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], storageClassName: 'manual', volumeMode: 'Filesystem', ...spec },
  status: { phase: 'Available' },
})
const claim = (spec: PersistentVolumeClaim['spec'] = {}): PersistentVolumeClaim => ({
  metadata: { name: 'c', namespace: 'ns', uid: 'u' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } }, storageClassName: 'manual', volumeMode: 'Filesystem', ...spec },
  status: { phase: 'Pending' },
})
const nameOf = (found: PersistentVolume | undefined): string | undefined => found?.metadata.name

test('the smallest that has all a claim asks for; one that is promised to it before all', () => {
  const all = [volume('big', '10Gi'), volume('fits', '3Gi'), volume('small', '1Gi'), volume('other', '2Gi', { storageClassName: 'x' }), volume('shared', '2Gi', { accessModes: ['ReadOnlyMany'] }), volume('taken', '2Gi', { claimRef: { namespace: 'ns', name: 'd' } })]
  expect(nameOf(bestMatch(all, claim(), false))).toBe('fits')
  expect(nameOf(bestMatch(all, claim({ volumeMode: 'Block' }), false))).toBeUndefined()
  const promised = volume('promised', '20Gi', { claimRef: { namespace: 'ns', name: 'c' } })
  expect(nameOf(bestMatch([...all, promised], claim(), true))).toBe('promised')
  expect(nameOf(bestMatch(all, claim(), true))).toBeUndefined()
})

const waiting: StorageClass = { metadata: { name: 'manual' }, provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' }
const plan = (one: PersistentVolumeClaim, volumes: readonly PersistentVolume[], classes: readonly StorageClass[] = []): ReturnType<typeof planClaim> =>
  planClaim({ claim: one, volumes, volumeOf: (name) => volumes.find((each) => each.metadata.name === name), classes })

test.each([
  ['is bound', plan(claim(), [volume('v', '2Gi')]), { kind: 'bind' }],
  ['waits for its first consumer', plan(claim(), [volume('v', '2Gi')], [waiting]), { kind: 'wait', told: { reason: 'WaitForFirstConsumer' } }],
  ['waits, its class being unknown', plan(claim(), []), { kind: 'wait', told: { reason: 'ProvisioningFailed', message: 'storageclass.storage.k8s.io "manual" not found' } }],
  ['waits for a volume by name that is too small', plan(claim({ volumeName: 'v' }), [volume('v', '1Gi')]), { kind: 'wait', told: { reason: 'VolumeMismatch', message: 'Cannot bind to requested volume "v": requested PV is too small' } }],
  ['gets the default class', plan(claim({ storageClassName: undefined }), [], [{ ...waiting, metadata: { name: 'd', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } }]), { kind: 'assign-class', name: 'd' }],
])('a claim %s', (_, step, wanted) => {
  expect(step).toMatchObject(wanted)
})

test('a volume whose claim is gone, or was made anew under the same name, is released', () => {
  const bound = volume('v', '2Gi', { claimRef: { namespace: 'ns', name: 'c', uid: 'u' } })
  expect(planVolume(bound, () => undefined)).toEqual({ phase: 'Released' })
  expect(planVolume(bound, () => ({ ...claim(), metadata: { name: 'c', namespace: 'ns', uid: 'another' } }))).toEqual({ phase: 'Released' })
  expect(planVolume(bound, () => claim({ volumeName: 'v' }))).toEqual({ phase: 'Bound' })
  expect(planVolume(bound, () => claim({ volumeName: 'w' }))).toMatchObject({ phase: 'Available' })
})

test('two claims never get the same volume; a claim that loses its volume says so', async () => {
  await using here = world()
  await here.start(createPersistentVolumeController(here.parts))
  await here.client.create(persistentVolumes, volume('v', '2Gi'))
  await here.client.create(persistentVolumeClaims, claim())
  await here.client.create(persistentVolumeClaims, { ...claim(), metadata: { name: 'd', namespace: 'ns' } })
  await here.clock.advance(1000)
  const phases = (): readonly string[] => here.client.all(persistentVolumeClaims).map((one) => `${one.status?.phase} ${one.spec?.volumeName ?? '-'}`).toSorted()
  expect(phases()).toEqual(['Bound v', 'Pending -'])
  const writes = here.client.calls.length
  await here.clock.advance(10_000)
  expect(here.client.calls).toHaveLength(writes)
  await here.client.delete(persistentVolumes, { name: 'v' })
  await here.clock.advance(1000)
  expect(phases()).toEqual(['Lost v', 'Pending -'])
})

test.each<readonly [string, PersistentVolume['spec'], Record<string, string>, string]>([
  ['Retain', { persistentVolumeReclaimPolicy: 'Retain', hostPath: { path: '/tmp/x' } }, {}, 'Released'],
  ['Delete of a path that may go', { persistentVolumeReclaimPolicy: 'Delete', hostPath: { path: '/tmp/x' } }, {}, 'gone'],
  ['Delete of another path', { persistentVolumeReclaimPolicy: 'Delete', hostPath: { path: '/data/x' } }, {}, 'Failed: VolumeFailedDelete host_path deleter only supports /tmp/.+ but received provided /data/x'],
  ['Delete of a local volume', { persistentVolumeReclaimPolicy: 'Delete', local: { path: '/data/x' } }, {}, 'Failed: VolumeFailedDelete error getting deleter volume plugin for volume "v": no deletable volume plugin matched'],
  ['Delete of a driver’s', { persistentVolumeReclaimPolicy: 'Delete', csi: { driver: 'd', volumeHandle: 'h' } }, {}, 'Failed: VolumeFailedDelete error getting deleter volume plugin for volume "v": no volume plugin matched'],
  ['Delete of what a provisioner made', { persistentVolumeReclaimPolicy: 'Delete', csi: { driver: 'd', volumeHandle: 'h' } }, { 'pv.kubernetes.io/provisioned-by': 'd' }, 'Released'],
  ['Recycle', { persistentVolumeReclaimPolicy: 'Recycle', hostPath: { path: '/tmp/x' } }, {}, 'Failed: VolumeFailedRecycle No recycler plugin found for the volume!'],
])('a volume whose claim has gone: %s', async (_, spec, annotations, expected) => {
  await using here = world()
  await here.start(createPersistentVolumeController(here.parts))
  const made = volume('v', '2Gi', spec)
  await here.client.create(persistentVolumes, { ...made, metadata: { name: 'v', annotations } })
  await here.client.create(persistentVolumeClaims, claim())
  await here.clock.advance(1000)
  expect(here.client.all(persistentVolumes)).toMatchObject([{ status: { phase: 'Bound' } }])
  await here.client.delete(persistentVolumeClaims, { namespace: 'ns', name: 'c' })
  await here.clock.advance(1000)
  const [left] = here.client.all(persistentVolumes)
  const [told] = here.client.all(events).filter(({ involvedObject }) => involvedObject.kind === 'PersistentVolume')
  expect(left === undefined ? 'gone' : told === undefined ? left.status?.phase : `${left.status?.phase}: ${told.reason} ${left.status?.message}`).toBe(expected)
  expect(told?.message).toBe(left?.status?.message)
  const writes = here.client.calls.length
  await here.clock.advance(60_000)
  expect(here.client.calls).toHaveLength(writes)
})

test('a volume is not given up for a claim that the informer does not show yet', async () => {
  await using here = world()
  const late = (informers: Informers): Informers => ({
    ...informers,
    for: <T extends KubeObject>(resource: Resource<T>): Informer<T> => {
      const informer = informers.for(resource)
      return resource.plural === 'persistentvolumeclaims' ? { ...informer, resourceVersion: '0', get: () => undefined, list: () => [].values(), subscribe: () => () => {} } : informer
    },
  })
  await here.start(createPersistentVolumeController({ ...here.parts, informers: late(here.informers) }))
  await here.client.create(persistentVolumeClaims, { ...claim({ volumeName: 'v' }), status: { phase: 'Bound' } })
  const uid = here.client.all(persistentVolumeClaims)[0]?.metadata.uid
  await here.client.create(persistentVolumes, volume('v', '2Gi', { persistentVolumeReclaimPolicy: 'Delete', hostPath: { path: '/tmp/x' }, claimRef: { namespace: 'ns', name: 'c', uid } }))
  await here.clock.advance(1000)
  expect(here.client.all(persistentVolumes)).toMatchObject([{ status: { phase: 'Bound' } }])
})

test('a volume that is one to retain by the time that it would be removed stays', async () => {
  await using here = world()
  await here.start(createPersistentVolumeController(here.parts))
  await here.client.create(persistentVolumes, volume('v', '2Gi', { persistentVolumeReclaimPolicy: 'Delete', hostPath: { path: '/tmp/x' } }))
  await here.client.create(persistentVolumeClaims, claim())
  await here.clock.advance(1000)
  let retained: Promise<unknown> | undefined
  here.client.failWith(({ verb, plural }) => {
    if (verb === 'delete' && plural === 'persistentvolumes') retained ??= here.client.patch(persistentVolumes, { name: 'v' }, { type: 'merge', body: { spec: { persistentVolumeReclaimPolicy: 'Retain' } } })
  })
  await here.client.delete(persistentVolumeClaims, { namespace: 'ns', name: 'c' })
  await here.clock.advance(10_000)
  await retained
  expect(here.client.all(persistentVolumes)).toMatchObject([{ spec: { persistentVolumeReclaimPolicy: 'Retain' }, status: { phase: 'Released' } }])
})

test('a claim that a provisioner is to make a volume for tells which', async () => {
  await using here = world()
  await here.start(createPersistentVolumeController(here.parts))
  await here.client.create(storageClasses, { metadata: { name: 'manual' }, provisioner: 'example.com/maker', volumeBindingMode: 'Immediate' })
  await here.client.create(persistentVolumeClaims, claim())
  await here.clock.advance(1000)
  expect(here.client.all(persistentVolumeClaims)).toMatchObject([{ metadata: { annotations: { 'volume.beta.kubernetes.io/storage-provisioner': 'example.com/maker', 'volume.kubernetes.io/storage-provisioner': 'example.com/maker' } }, status: { phase: 'Pending' } }])
  const writes = here.client.calls.length
  await here.clock.advance(60_000)
  expect(here.client.calls).toHaveLength(writes)
})
