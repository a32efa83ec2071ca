import { expect, test } from 'vitest'
import type { Pod } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { events, nodes, pods } from '../../../shared/model/resources.ts'
import { fakeLiveness, fencedState } from '../../dispatch/testing.ts'
import { createEventTtlController } from '../eventttl/reconcile.ts'
import { world } from '../testing.ts'
import { surplusFinished } from './plan.ts'
import { createPodGcController } from './reconcile.ts'

const pod = (name: string, phase: string, ageMs = 0): Pod => ({ metadata: { name, creationTimestamp: formatTime(1_700_000_000_000 - ageMs) }, status: { phase } })

test('the oldest finished pods beyond the limit go', () => {
  const all = [pod('a', 'Running', 9_000), pod('b', 'Failed', 5_000), pod('c', 'Succeeded', 8_000), pod('d', 'Failed', 1_000)]
  expect(surplusFinished(all, 1).map(({ metadata }) => metadata.name)).toEqual(['c', 'b'])
  expect(surplusFinished(all, 3)).toEqual([])
})

test('pods of a node that is gone are removed after 40 s, not those of a node that came back', async () => {
  await using here = world()
  await here.start(createPodGcController(here.parts, fakeLiveness()))
  for (const name of ['gone', 'back']) await here.client.create(pods, { metadata: { name, namespace: 'ns' }, spec: { nodeName: name, containers: [] } })
  await here.clock.advance(30_000)
  await here.client.create(nodes, { metadata: { name: 'back' } })
  await here.clock.advance(20_000)
  expect(here.client.all(pods).map(({ metadata }) => metadata.name)).toEqual(['back'])
})

test('pods of a node whose object is gone while its agent may live stay until it is given up', async () => {
  await using here = world()
  const liveness = fakeLiveness()
  liveness.set('gone', { kind: 'seen' })
  await here.start(createPodGcController(here.parts, liveness))
  await here.client.create(pods, { metadata: { name: 'p', namespace: 'ns' }, spec: { nodeName: 'gone', containers: [] } })
  await here.clock.advance(60_000)
  liveness.set('gone', { kind: 'silent', sinceMs: here.clock.nowMs() })
  await here.clock.advance(60_000)
  expect(here.client.all(pods).length).toBe(1)
  liveness.set('gone', fencedState(here.clock.nowMs()))
  await here.clock.advance(1_000)
  expect(here.client.all(pods)).toEqual([])
})

test('pods of a node that is given up when its object is gone, or that is deleted after it was given up, are removed at once', async () => {
  await using here = world()
  const liveness = fakeLiveness()
  await here.start(createPodGcController(here.parts, liveness))
  for (const name of ['before', 'after']) {
    await here.client.create(nodes, { metadata: { name } })
    await here.client.create(pods, { metadata: { name, namespace: 'ns' }, spec: { nodeName: name, containers: [] } })
    liveness.set(name, { kind: 'silent', sinceMs: here.clock.nowMs() })
  }
  const tolerations = [{ key: 'node.kubernetes.io/out-of-service', operator: 'Exists' }]
  await here.client.create(pods, { metadata: { name: 'tolerant', namespace: 'ns' }, spec: { nodeName: 'before', containers: [], tolerations } })
  liveness.set('before', fencedState(here.clock.nowMs()))
  for (const name of ['before', 'after']) await here.client.delete(nodes, { name })
  await here.clock.advance(500)
  expect(here.client.all(pods).map(({ metadata }) => metadata.name)).toEqual(['after', 'tolerant'])
  liveness.set('after', fencedState(here.clock.nowMs()))
  await here.clock.advance(100)
  expect(here.client.all(pods).map(({ metadata }) => metadata.name)).toEqual(['tolerant'])
  await here.clock.advance(40_000)
  expect(here.client.all(pods)).toEqual([])
})

test('events go an hour after they last happened', async () => {
  await using here = world()
  await here.start(createEventTtlController(here.parts))
  const involvedObject = { kind: 'Pod', name: 'p' }
  await here.client.create(events, { metadata: { name: 'old', namespace: 'ns' }, involvedObject })
  await here.clock.advance(1_800_000)
  await here.client.create(events, { metadata: { name: 'again', namespace: 'ns' }, involvedObject, lastTimestamp: formatTime(here.clock.nowMs()) })
  await here.clock.advance(1_900_000)
  expect(here.client.all(events).map(({ metadata }) => metadata.name)).toEqual(['again'])
})
