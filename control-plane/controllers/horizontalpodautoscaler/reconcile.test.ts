import { expect, test } from 'vitest'
import { ApiError } from '../../../shared/kit/api-error.ts'
import type { AutoscalingV2HorizontalPodAutoscaler } from '../../../shared/model/gen/api.ts'
import { deployments, events, horizontalPodAutoscalers, pods } from '../../../shared/model/resources.ts'
import { world, type World } from '../testing.ts'
import { createAutoscalerController } from './reconcile.ts'

const autoscaler = (name: string, minReplicas = 1): AutoscalingV2HorizontalPodAutoscaler => ({
  metadata: { name, namespace: 'ns' },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas, maxReplicas: 5, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }] },
})

async function withWorkload(here: World): Promise<void> {
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c' }] } }
  await here.client.create(deployments, { metadata: { name: 'web', namespace: 'ns' }, spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template } })
  await here.client.create(pods, { metadata: { name: 'a', namespace: 'ns', labels: { app: 'web' } }, spec: template.spec })
}
const reasonsOf = (here: World, name: string): readonly unknown[] => here.client.all(horizontalPodAutoscalers).find(({ metadata }) => metadata.name === name)?.status?.conditions?.map(({ reason }) => reason) ?? []

test('of two autoscalers that go by the same pods neither does', async () => {
  await using here = world()
  await withWorkload(here)
  await here.start(createAutoscalerController(here.parts))
  await here.client.create(horizontalPodAutoscalers, autoscaler('first'))
  await here.clock.advance(1000)
  expect(reasonsOf(here, 'first')).toEqual(['SucceededGetScale', 'FailedGetResourceMetric'])
  await here.client.create(horizontalPodAutoscalers, autoscaler('second'))
  await here.clock.advance(30_000)
  for (const name of ['first', 'second']) expect(reasonsOf(here, name)).toEqual(['SucceededGetScale', 'AmbiguousSelector'])
  await here.client.delete(horizontalPodAutoscalers, { namespace: 'ns', name: 'second' })
  await here.clock.advance(30_000)
  expect(reasonsOf(here, 'first')).toEqual(['SucceededGetScale', 'FailedGetResourceMetric'])
})

test('a size that the API refuses is told of, and tried again', async () => {
  await using here = world()
  await withWorkload(here)
  const { client } = here.parts
  let refusals = 1
  const refusing: typeof client = { ...client, patch: (resource, ...rest) => (resource.plural === 'deployments' && refusals-- > 0 ? Promise.reject(new ApiError({ metadata: {}, code: 403, reason: 'Forbidden', message: 'not now' })) : client.patch(resource, ...rest)) }
  await here.start(createAutoscalerController({ ...here.parts, client: refusing }))
  await here.client.create(horizontalPodAutoscalers, autoscaler('web', 3))
  await here.clock.advance(1000)
  expect(reasonsOf(here, 'web')).toEqual(['FailedUpdateScale'])
  expect(here.client.all(events).map(({ reason, message }) => [reason, message])).toEqual([['FailedRescale', 'New size: 3; reason: Current number of replicas below Spec.MinReplicas; error: not now']])
  await here.clock.advance(16_000)
  expect(here.client.all(deployments)[0]?.spec?.replicas).toBe(3)
})

test.each([
  [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'web' }, 'the server could not find the requested resource'],
  [{ apiVersion: 'apps/v1', kind: 'Other', name: 'web' }, 'no matches for kind "Other" in group "apps"'],
])('what cannot be scaled: %j', async (scaleTargetRef, message) => {
  await using here = world()
  await here.start(createAutoscalerController(here.parts))
  const { spec, ...rest } = autoscaler('web')
  await here.client.create(horizontalPodAutoscalers, { ...rest, spec: { ...spec, scaleTargetRef } })
  await here.clock.advance(1000)
  const [condition] = here.client.all(horizontalPodAutoscalers)[0]?.status?.conditions ?? []
  expect([condition?.reason, condition?.message]).toEqual(['FailedGetScale', `the HPA controller was unable to get the target's current scale: ${message}`])
  expect(here.client.all(events).map((event) => [event.reason, event.message])).toEqual([['FailedGetScale', message]])
})
