import { expect, test } from 'vitest'
import type { ReplicationController } from '../../../shared/model/gen/api.ts'
import { events, pods, replicationControllers } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { toReplicaSet } from './plan.ts'
import { createReplicationControllerController } from './reconcile.ts'
import { matchesSelector } from '../../../shared/model/label-selector.ts'

const controller = (replicas: number): ReplicationController => ({
  metadata: { name: 'web', namespace: 'ns' },
  spec: { replicas, selector: { app: 'web' }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } } },
})

test('makes the pods it promises and owns them, adopts what it selects', async () => {
  await using here = world()
  await here.start(createReplicationControllerController(here.parts))
  await here.client.create(pods, { metadata: { name: 'lone', namespace: 'ns', labels: { app: 'web' } }, spec: { containers: [] }, status: { phase: 'Running' } })
  await here.client.create(replicationControllers, controller(2))
  await here.clock.advance(1000)
  expect(here.client.all(pods).map(({ metadata }) => metadata.ownerReferences?.[0])).toMatchObject([{ apiVersion: 'v1', kind: 'ReplicationController', name: 'web', controller: true }, { name: 'web' }])
  expect(here.client.all(replicationControllers)[0]?.status).toEqual({ replicas: 2, fullyLabeledReplicas: 2, observedGeneration: 1 })
  const [first] = here.client.all(pods)
  await here.client.delete(pods, { namespace: 'ns', name: first?.metadata.name ?? '' })
  await here.clock.advance(1000)
  expect(here.client.all(pods).length).toBe(2)
  expect(here.client.all(events)[0]?.source?.component).toBe('replication-controller')
})

test('without a selector it selects nothing', () => {
  const { selector: _, ...spec } = controller(1).spec ?? {}
  expect(matchesSelector(toReplicaSet({ metadata: {}, spec }).spec?.selector, { app: 'web' })).toBe(false)
})
