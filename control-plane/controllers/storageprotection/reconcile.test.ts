import { expect, test } from 'vitest'
import type { PersistentVolumeClaim, Pod } from '../../../shared/model/gen/api.ts'
import { persistentVolumeClaims, persistentVolumes, pods } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { createStorageProtectionController } from './reconcile.ts'

const claim: PersistentVolumeClaim = { metadata: { name: 'c', namespace: 'ns', finalizers: ['kubernetes.io/pvc-protection'] } }
const user = (nodeName: string | undefined): Pod => ({ metadata: { name: 'p', namespace: 'ns' }, spec: { ...(nodeName !== undefined && { nodeName }), containers: [{ name: 'c' }], volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'c' } }] } })

test.each([
  ['as long as a pod on a node uses it', 'n1', 1],
  ['not for a pod without a node', undefined, 0],
])('a claim that is to go stays %s', async (_, nodeName, left) => {
  await using here = world()
  await here.start(createStorageProtectionController(here.parts))
  await here.client.create(persistentVolumeClaims, claim)
  await here.client.create(pods, user(nodeName))
  await here.client.delete(persistentVolumeClaims, { namespace: 'ns', name: 'c' })
  await here.clock.advance(1000)
  expect(here.client.all(persistentVolumeClaims)).toHaveLength(left)
  await here.client.delete(pods, { namespace: 'ns', name: 'p' }, { gracePeriodSeconds: 0 })
  await here.clock.advance(1000)
  expect(here.client.all(persistentVolumeClaims)).toHaveLength(0)
})

test('a volume stays as long as it is bound', async () => {
  await using here = world()
  await here.start(createStorageProtectionController(here.parts))
  const stored = await here.client.create(persistentVolumes, { metadata: { name: 'v', finalizers: ['kubernetes.io/pv-protection'] }, status: { phase: 'Bound' } })
  await here.client.delete(persistentVolumes, { name: 'v' })
  await here.clock.advance(1000)
  const going = await here.client.get(persistentVolumes, { name: 'v' })
  expect(going.metadata.uid).toBe(stored.metadata.uid)
  await here.client.update(persistentVolumes, { ...going, status: { phase: 'Released' } }, { subresource: 'status' })
  await here.clock.advance(1000)
  expect(here.client.all(persistentVolumes)).toEqual([])
})
