import { expect, test } from 'vitest'
import type { Namespace, Pod } from '../../../shared/model/gen/api.ts'
import { configMaps, namespaces, nodes, pods } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { conditionsOf } from './plan.ts'
import { createNamespaceController } from './reconcile.ts'

const namespace: Namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } }
const pod: Pod = { metadata: { name: 'p', namespace: 'ns' }, spec: { nodeName: 'n', containers: [] } }

test('conditions name what is left and what holds it', () => {
  const objects = [{ metadata: { name: 'c', finalizers: ['example.com/hold'] } }, { metadata: { name: 'd' } }]
  const conditions = conditionsOf(namespace, { remains: [{ resource: configMaps, objects }], nowMs: 1_700_000_000_000 })
  expect(conditions.map(({ type, status, reason, message }) => [type, status, reason, message])).toEqual([
    ['NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered', 'All resources successfully discovered'],
    ['NamespaceDeletionGroupVersionParsingFailure', 'False', 'ParsedGroupVersions', 'All legacy kube types successfully parsed'],
    ['NamespaceDeletionContentFailure', 'False', 'ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
    ['NamespaceContentRemaining', 'True', 'SomeResourcesRemain', 'Some resources are remaining: configmaps. has 2 resource instances'],
    ['NamespaceFinalizersRemaining', 'True', 'SomeFinalizersRemain', 'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances'],
  ])
  const later = conditionsOf({ ...namespace, status: { conditions } }, { remains: [], nowMs: 1_700_000_009_000 })
  expect(later.slice(3).map(({ reason, lastTransitionTime }) => [reason, lastTransitionTime])).toEqual([['ContentRemoved', '2023-11-14T22:13:29Z'], ['ContentHasNoFinalizers', '2023-11-14T22:13:29Z']])
})

test('a namespace is emptied, pods first, and goes when nothing is left', async () => {
  await using here = world()
  await here.start(createNamespaceController(here.parts, [configMaps, pods, nodes, namespaces]))
  await here.client.create(namespaces, namespace)
  await here.client.create(pods, pod)
  await here.client.create(configMaps, { metadata: { name: 'c', namespace: 'ns' } })
  await here.client.create(configMaps, { metadata: { name: 'elsewhere', namespace: 'other' } })
  await here.client.delete(namespaces, { name: 'ns' })
  await here.clock.advance(100)
  expect([here.client.all(configMaps).length, here.client.all(pods)[0]?.metadata.deletionTimestamp !== undefined]).toEqual([2, true])
  expect(here.client.all(namespaces)[0]?.status?.conditions?.[3]?.message).toBe('Some resources are remaining: pods. has 1 resource instances')
  await here.client.delete(pods, { namespace: 'ns', name: 'p' }, { gracePeriodSeconds: 0 })
  await here.clock.advance(100)
  expect([here.client.all(configMaps).length, here.client.all(namespaces).length]).toEqual([1, 0])
})
