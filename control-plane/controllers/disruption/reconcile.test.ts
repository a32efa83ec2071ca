import { expect, test } from 'vitest'
import type { Pod } from '../../../shared/model/gen/api.ts'
import { events, podDisruptionBudgets, pods } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { createDisruptionController } from './reconcile.ts'

const ready = (name: string): Pod => ({ metadata: { name, namespace: 'ns', labels: { app: 'web' } }, spec: { containers: [] }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } })

test('a budget follows its pods, and says so once when there are none', async () => {
  await using here = world()
  await here.start(createDisruptionController(here.parts))
  await here.client.create(podDisruptionBudgets, { metadata: { name: 'web', namespace: 'ns' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } } })
  await here.clock.advance(1000)
  const status = () => here.client.all(podDisruptionBudgets)[0]?.status
  expect(status()).toMatchObject({ disruptionsAllowed: 0, expectedPods: 0, conditions: [{ reason: 'InsufficientPods' }] })
  expect(here.client.all(events).map(({ reason }) => reason)).toEqual(['NoPods'])
  for (const name of ['a', 'b']) await here.client.create(pods, ready(name))
  await here.clock.advance(1000)
  expect(status()).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 2, expectedPods: 2, conditions: [{ reason: 'SufficientPods' }] })
  await here.client.patch(pods, { namespace: 'ns', name: 'a' }, { type: 'merge', body: { metadata: { labels: { app: 'other' } } } })
  await here.clock.advance(1000)
  expect(status()).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 1, expectedPods: 1 })
})

test('an eviction that was written down meanwhile is not forgotten', async () => {
  await using here = world()
  await here.start(createDisruptionController(here.parts))
  for (const name of ['a', 'b']) await here.client.create(pods, ready(name))
  await here.client.create(podDisruptionBudgets, { metadata: { name: 'web', namespace: 'ns' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } } })
  await here.clock.advance(1000)
  const since = new Date(here.clock.nowMs()).toISOString().replace(/\.\d+/, '')
  await here.client.patch(podDisruptionBudgets, { namespace: 'ns', name: 'web' }, { type: 'merge', subresource: 'status', body: { status: { disruptionsAllowed: 0, disruptedPods: { a: since } } } })
  await here.clock.advance(1000)
  expect(here.client.all(podDisruptionBudgets)[0]?.status).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 1, disruptedPods: { a: since } })
  await here.clock.advance(180_000)
  expect(here.client.all(podDisruptionBudgets)[0]?.status).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 2 })
  expect(here.client.all(events).map(({ reason, message, involvedObject }) => [reason, message, involvedObject.kind, involvedObject.name])).toEqual([['NotDeleted', "Pod was expected by PDB ns/ns to be deleted but it wasn't", 'Pod', 'a']])
})

test('pods that nobody promises are told of, with the selector that names them', async () => {
  await using here = world()
  await here.start(createDisruptionController(here.parts))
  await here.client.create(pods, ready('a'))
  await here.client.create(podDisruptionBudgets, { metadata: { name: 'web', namespace: 'ns' }, spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } } })
  await here.clock.advance(1000)
  const [{ reason, message } = {}] = here.client.all(events)
  expect(reason).toBe('UnmanagedPods')
  expect(message).toContain('(selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged.')
})
