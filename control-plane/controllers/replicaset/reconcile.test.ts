import { expect, test } from 'vitest'
import { Fault } from '../../../shared/kit/faults.ts'
import type { Pod, ReplicaSet } from '../../../shared/model/gen/api.ts'
import { events, pods, replicaSets } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { createReplicaSetController } from './reconcile.ts'

const set = (replicas: number): ReplicaSet => ({
  metadata: { name: 'web', namespace: 'ns' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } } },
})
const lone = (name: string): Pod => ({ metadata: { name, namespace: 'ns', labels: { app: 'web' } }, spec: { containers: [] }, status: { phase: 'Running' } })
const creations = (calls: ReturnType<typeof world>['client']['calls']): number => calls.filter(({ verb, plural }) => verb === 'create' && plural === 'pods').length

test('makes exactly the pods it promises, says so, and replaces one that goes', async () => {
  await using here = world()
  await here.start(createReplicaSetController(here.parts))
  await here.client.create(replicaSets, set(3))
  await here.clock.advance(1000)
  expect(here.client.all(pods).map((pod) => pod.metadata.ownerReferences?.[0]?.name)).toEqual(['web', 'web', 'web'])
  expect(creations(here.client.calls)).toBe(3)
  expect(here.client.all(replicaSets)[0]?.status).toEqual({ replicas: 3, fullyLabeledReplicas: 3, terminatingReplicas: 0, observedGeneration: 1 })
  const [first] = here.client.all(pods)
  await here.client.delete(pods, { namespace: 'ns', name: first?.metadata.name ?? '' })
  await here.clock.advance(1000)
  expect([here.client.all(pods).length, creations(here.client.calls)]).toEqual([3, 4])
  expect(here.client.all(events).map(({ reason }) => reason)).toEqual(['SuccessfulCreate', 'SuccessfulCreate', 'SuccessfulCreate', 'SuccessfulCreate'])
})

test('the pods of a set with the longest name have no dash after it', async () => {
  await using here = world()
  await here.start(createReplicaSetController(here.parts))
  for (const length of [252, 253]) await here.client.create(replicaSets, { ...set(1), metadata: { name: 'a'.repeat(length), namespace: 'ns' } })
  await here.clock.advance(1000)
  expect(here.client.all(pods).map(({ metadata }) => metadata.generateName?.length)).toEqual([253, 253])
})

test('adopts, lets go, and removes what is too much', async () => {
  await using here = world()
  await here.start(createReplicaSetController(here.parts))
  for (const name of ['a', 'b', 'c']) await here.client.create(pods, lone(name))
  await here.client.create(replicaSets, set(2))
  await here.clock.advance(1000)
  expect(here.client.all(pods).map((pod) => [pod.metadata.ownerReferences?.length])).toEqual([[1], [1]])
  const name = here.client.all(pods)[0]?.metadata.name ?? ''
  await here.client.patch(pods, { namespace: 'ns', name }, { type: 'merge', body: { metadata: { labels: { app: 'debug' } } } })
  await here.clock.advance(1000)
  expect(here.client.all(pods).find((pod) => pod.metadata.name === name)?.metadata.ownerReferences).toEqual([])
  expect(here.client.all(pods).length).toBe(3)
})

test('a failing creation is shown as a condition and tried again', async () => {
  await using here = world()
  await here.start(createReplicaSetController(here.parts))
  let isBroken = true
  here.client.failWith(({ verb, plural }) => {
    if (isBroken && verb === 'create' && plural === 'pods') throw new Fault('unavailable', 'no storage')
  })
  await here.client.create(replicaSets, set(2))
  await here.clock.advance(1000)
  expect(here.client.all(replicaSets)[0]?.status?.conditions?.[0]).toMatchObject({ type: 'ReplicaFailure', reason: 'FailedCreate', message: 'no storage' })
  isBroken = false
  await here.clock.advance(60_000)
  expect(here.client.all(pods).length).toBe(2)
  expect(here.client.all(replicaSets)[0]?.status?.conditions).toBeUndefined()
})

test('a stale informer makes it create nothing twice', async () => {
  await using here = world()
  const controller = createReplicaSetController(here.parts)
  await here.client.create(replicaSets, set(5))
  await here.start(controller)
  const before = creations(here.client.calls)
  await Promise.all([controller.reconcile('ns/web', new AbortController().signal), here.clock.advance(0)])
  await controller.reconcile('ns/web', new AbortController().signal)
  expect([before, creations(here.client.calls)]).toEqual([5, 5])
})
