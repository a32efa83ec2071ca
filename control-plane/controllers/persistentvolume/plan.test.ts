import { expect, test } from 'vitest'
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../shared/model/gen/api.ts'
import { persistentVolumeClaims, persistentVolumes } from '../../../shared/model/resources.ts'
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
