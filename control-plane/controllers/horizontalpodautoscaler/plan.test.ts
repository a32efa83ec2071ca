import { expect, test } from 'vitest'
import type { AutoscalingV2HorizontalPodAutoscaler } from '../../../shared/model/gen/api.ts'
import { planAutoscaler, type Target } from './plan.ts'

const NOW = 1_770_000_000_000
const autoscaler = (status?: AutoscalingV2HorizontalPodAutoscaler['status']): AutoscalingV2HorizontalPodAutoscaler => ({
  metadata: { name: 'web' },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 2, maxReplicas: 5, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }] },
  status,
})
const found = (replicas: number): Target => ({ kind: 'found', replicas })
const said = (target: Target) => planAutoscaler(autoscaler(), target, NOW).status.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`)

test.each([
  ['gone', { kind: 'missing', message: 'deployments.apps "web" not found' } as const, undefined, ['AbleToScale=False FailedGetScale']],
  ['at zero it sleeps', found(0), undefined, ['AbleToScale=True SucceededGetScale', 'ScalingActive=False ScalingDisabled']],
  ['too few', found(1), 2, ['AbleToScale=True SucceededRescale']],
  ['too many', found(9), 5, ['AbleToScale=True SucceededRescale']],
  ['within bounds nothing can be said', found(3), undefined, ['AbleToScale=True SucceededGetScale', 'ScalingActive=False FailedGetResourceMetric']],
])('%s', (_, target, replicas, conditions) => {
  expect(planAutoscaler(autoscaler(), target, NOW).rescale?.replicas).toBe(replicas)
  expect(said(target)).toEqual(conditions)
})

test('looking again changes nothing', () => {
  for (const target of [found(0), found(3), { kind: 'missing', message: 'no' } as const]) {
    const { status } = planAutoscaler(autoscaler(), target, NOW)
    expect(planAutoscaler(autoscaler(status), target, NOW + 60_000).status).toEqual(status)
  }
})
