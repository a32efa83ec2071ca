import { expect, test } from 'vitest'
import type { PersistentVolumeClaimSpec, Pod } from '../../../shared/model/gen/api.ts'
import { events, persistentVolumeClaims, pods } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { planClaims } from './plan.ts'
import { createEphemeralVolumeController } from './reconcile.ts'

const spec: PersistentVolumeClaimSpec = { accessModes: ['ReadWriteOnce'], storageClassName: 's', resources: { requests: { storage: '1Gi' } } }
const pod = (name: string): Pod => ({ metadata: { name, namespace: 'ns' }, spec: { containers: [{ name: 'c' }], volumes: [{ name: 'mine', persistentVolumeClaim: { claimName: 'x' } }, { name: 'e', ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec } } }] } })

test('a claim is made for each ephemeral volume, the pod’s own, and again when it goes', async () => {
  await using here = world()
  await here.start(createEphemeralVolumeController(here.parts))
  const { metadata } = await here.client.create(pods, pod('p'))
  await here.clock.advance(1_000)
  expect(here.client.all(persistentVolumeClaims)).toMatchObject([{ metadata: { name: 'p-e', namespace: 'ns', labels: { a: 'b' }, annotations: { c: 'd' }, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: metadata.uid, controller: true, blockOwnerDeletion: true }] }, spec }])
  const calls = here.client.calls.length
  await here.clock.advance(10_000)
  expect(here.client.calls).toHaveLength(calls)
  await here.client.delete(persistentVolumeClaims, { namespace: 'ns', name: 'p-e' })
  await here.clock.advance(1_000)
  expect(here.client.all(persistentVolumeClaims)).toHaveLength(1)
})

test('a claim of that name that somebody else made stays his, and the pod tells of it', async () => {
  await using here = world()
  const other = await here.client.create(persistentVolumeClaims, { metadata: { name: 'p-e', namespace: 'ns' }, spec })
  await here.start(createEphemeralVolumeController(here.parts))
  await here.client.create(pods, pod('p'))
  await here.clock.advance(2_000)
  expect(here.client.all(persistentVolumeClaims)).toEqual([other])
  expect(here.client.all(events)).toMatchObject([{ type: 'Warning', reason: 'FailedBinding', source: { component: 'ephemeral_volume' }, message: 'ephemeral volume e: PVC ns/p-e was not created for pod ns/p (pod is not owner)' }])
  await here.client.delete(persistentVolumeClaims, { namespace: 'ns', name: 'p-e' })
  await here.clock.advance(60_000)
  expect(here.client.all(persistentVolumeClaims)).toMatchObject([{ metadata: { ownerReferences: [{ name: 'p' }] } }])
})

test('nothing is made for a pod that goes', () => {
  expect(planClaims({ ...pod('p'), metadata: { name: 'p', namespace: 'ns', deletionTimestamp: '2026-01-01T00:00:00Z' } }, () => undefined)).toEqual([])
})
