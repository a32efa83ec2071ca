import { expect, test } from 'vitest'
import type { CustomResourceDefinition } from '../../../shared/model/gen/api.ts'
import { apiServices, customResourceDefinitions } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { createApiServicesController } from './reconcile.ts'

function definition(plural: string, versions: Readonly<Record<string, boolean>>): CustomResourceDefinition {
  return {
    metadata: { name: `${plural}.example.com` },
    spec: { group: 'example.com', scope: 'Cluster', names: { plural, kind: plural }, versions: Object.entries(versions).map(([name, served], index) => ({ name, served, storage: index === 0 })) },
  }
}

test('each version that some definition serves has an API service, and keeps it as it is', async () => {
  await using here = world()
  await here.start(createApiServicesController(here.parts))
  const services = (): ReadonlySet<string | undefined> => new Set(here.client.all(apiServices).map(({ metadata }) => metadata.name))
  await here.client.create(customResourceDefinitions, definition('gadgets', { v1: true, v1beta1: false }))
  const widgets = await here.client.create(customResourceDefinitions, definition('widgets', { v1: true, v2: true }))
  await here.clock.advance(100)
  expect(services()).toEqual(new Set(['v1.example.com', 'v2.example.com']))
  expect(here.client.all(apiServices)[0]).toMatchObject({ metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'true' } }, spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 } })

  // What somebody takes away comes back; what somebody changes is changed back.
  await here.client.delete(apiServices, { name: 'v1.example.com' })
  const [second] = here.client.all(apiServices)
  if (second) await here.client.update(apiServices, { ...second, spec: { group: 'example.com', version: 'v2', groupPriorityMinimum: 1, versionPriority: 1 } })
  await here.clock.advance(100)
  expect(services()).toEqual(new Set(['v1.example.com', 'v2.example.com']))
  expect(here.client.all(apiServices).map(({ spec }) => spec?.versionPriority)).toEqual([100, 100])

  await here.client.delete(customResourceDefinitions, { name: widgets.metadata.name ?? '' })
  await here.clock.advance(100)
  expect(services()).toEqual(new Set(['v1.example.com']))
})

test('one that somebody made is left alone', async () => {
  await using here = world()
  await here.start(createApiServicesController(here.parts))
  await here.client.create(apiServices, { metadata: { name: 'v1.example.com' }, spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 5, versionPriority: 5 } })
  const gadgets = await here.client.create(customResourceDefinitions, definition('gadgets', { v1: true }))
  await here.clock.advance(100)
  await here.client.delete(customResourceDefinitions, { name: gadgets.metadata.name ?? '' })
  await here.clock.advance(100)
  expect(here.client.all(apiServices).map(({ spec }) => spec?.versionPriority)).toEqual([5])
})
