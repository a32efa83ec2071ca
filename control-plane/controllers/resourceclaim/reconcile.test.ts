import { expect, test } from 'vitest'
import type { Pod, ResourceClaimSpec } from '../../../shared/model/gen/api.ts'
import { events, pods, resourceClaims, resourceClaimTemplates } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { createResourceClaimController } from './reconcile.ts'

const spec: ResourceClaimSpec = { devices: { requests: [{ name: 'one', exactly: { deviceClassName: 'gpus' } }] } }
const template = { metadata: { name: 'gpu', namespace: 'ns' }, spec: { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec } }
const pod = (name: string, ...templates: readonly string[]): Pod => ({ metadata: { name, namespace: 'ns' }, spec: { containers: [{ name: 'c' }], resourceClaims: [{ name: 'given', resourceClaimName: 'mine' }, ...templates.map((from, at) => ({ name: `r${at}`, resourceClaimTemplateName: from }))] } })

test('a claim is made of each template, the pod tells which, and they go when the pod has ended', async () => {
  await using here = world()
  await here.start(createResourceClaimController(here.parts))
  await here.client.create(resourceClaimTemplates, template)
  const { metadata } = await here.client.create(pods, pod('p', 'gpu', 'gpu'))
  await here.clock.advance(1_000)
  const made = here.client.all(resourceClaims)
  expect(made).toMatchObject(['r0', 'r1'].map((entry) => ({ metadata: { labels: { a: 'b' }, annotations: { c: 'd', 'resource.kubernetes.io/pod-claim-name': entry }, ownerReferences: [{ kind: 'Pod', name: 'p', uid: metadata.uid, controller: true, blockOwnerDeletion: true }] }, spec })))
  for (const [at, claim] of made.entries()) expect(claim.metadata.name).toMatch(new RegExp(`^p-r${at}-.{5}$`))
  const told = await here.client.get(pods, { namespace: 'ns', name: 'p' })
  expect(told.status?.resourceClaimStatuses).toEqual(made.map((claim, at) => ({ name: `r${at}`, resourceClaimName: claim.metadata.name })))
  await here.client.delete(resourceClaims, { namespace: 'ns', name: made[0]?.metadata.name ?? '' })
  await here.clock.advance(1_000)
  expect(here.client.all(resourceClaims)).toHaveLength(2)
  await here.client.patch(pods, { namespace: 'ns', name: 'p' }, { type: 'merge', body: { status: { phase: 'Succeeded' } }, subresource: 'status' })
  await here.clock.advance(1_000)
  expect(here.client.all(resourceClaims)).toEqual([])
})

test('a claim that was made, but is not told of, is told of and not made again', async () => {
  await using here = world()
  await here.client.create(resourceClaimTemplates, template)
  const { metadata } = await here.client.create(pods, pod('p', 'gpu'))
  const orphan = await here.client.create(resourceClaims, { metadata: { name: 'p-r0-abcde', namespace: 'ns', annotations: { 'resource.kubernetes.io/pod-claim-name': 'r0' }, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: metadata.uid ?? '', controller: true }] }, spec })
  await here.start(createResourceClaimController(here.parts))
  await here.clock.advance(1_000)
  expect(here.client.all(resourceClaims)).toEqual([orphan])
  expect((await here.client.get(pods, { namespace: 'ns', name: 'p' })).status?.resourceClaimStatuses).toEqual([{ name: 'r0', resourceClaimName: 'p-r0-abcde' }])
})

test('a template that is not there is told as an event, and followed when it comes', async () => {
  await using here = world()
  await here.start(createResourceClaimController(here.parts))
  await here.client.create(pods, pod('p', 'gpu'))
  await here.clock.advance(2_000)
  expect(here.client.all(events)).toMatchObject([{ type: 'Warning', reason: 'FailedResourceClaimCreation', source: { component: 'resource_claim' }, message: 'PodResourceClaim r0: resource claim template "gpu": resourceclaimtemplate.resource.k8s.io "gpu" not found' }])
  await here.client.create(resourceClaimTemplates, template)
  await here.clock.advance(60_000)
  expect(here.client.all(resourceClaims)).toHaveLength(1)
})

test('of names that are too long together each gives its share', async () => {
  await using here = world()
  await here.start(createResourceClaimController(here.parts))
  await here.client.create(resourceClaimTemplates, template)
  await here.client.create(pods, pod('p'.repeat(100), 'gpu'))
  await here.clock.advance(1_000)
  expect(here.client.all(resourceClaims)[0]?.metadata.generateName).toBe(`${'p'.repeat(54)}-r`)
})
