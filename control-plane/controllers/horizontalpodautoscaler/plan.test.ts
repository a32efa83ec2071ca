import { expect, test } from 'vitest'
import type { AutoscalingV2HorizontalPodAutoscaler } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { planAutoscaler, unscaledStatus, type Target } from './plan.ts'

const NOW = 1_770_000_000_000
const autoscaler = (status?: AutoscalingV2HorizontalPodAutoscaler['status']): AutoscalingV2HorizontalPodAutoscaler => ({
  metadata: { name: 'web' },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 2, maxReplicas: 5, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }] },
  status,
})
const found = (replicas: number): Target => ({ kind: 'found', replicas, selector: 'app=web', rivals: [] })
const said = (target: Target) => planAutoscaler(autoscaler(), target, { nowMs: NOW }).status.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`)

test.each([
  ['gone', { kind: 'missing', message: 'deployments.apps "web" not found' } as const, undefined, ['AbleToScale=False FailedGetScale']],
  ['at zero it sleeps', found(0), undefined, ['AbleToScale=True SucceededGetScale', 'ScalingActive=False ScalingDisabled']],
  ['too few', found(1), 2, ['AbleToScale=True SucceededRescale']],
  ['too many', found(9), 5, ['AbleToScale=True SucceededRescale']],
  ['within bounds nothing can be said', found(3), undefined, ['AbleToScale=True SucceededGetScale', 'ScalingActive=False FailedGetResourceMetric']],
])('%s', (_, target, replicas, conditions) => {
  expect(planAutoscaler(autoscaler(), target, { nowMs: NOW }).rescale?.replicas).toBe(replicas)
  expect(said(target)).toEqual(conditions)
})

const measured = (cpu: number): Extract<Target, { readonly kind: 'found' }> => ({
  kind: 'found',
  replicas: 2,
  selector: 'app=web',
  rivals: [],
  measured: {
    pods: ['a', 'b'].map((name) => ({ metadata: { name, uid: name }, spec: { containers: [{ name: 'c', resources: { requests: { cpu: '100m' } } }] }, status: { phase: 'Running', startTime: '2020-01-01T00:00:00Z', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2020-01-01T00:00:00Z' }] } })),
    usage: new Map(['a', 'b'].map((uid) => [uid, { uid, atMs: NOW, windowMs: 15_000, containers: [{ name: 'c', cpuNanoCores: cpu * 1e6, memoryBytes: 1 }] }])),
  },
})

test('by what its pods use: more at once, fewer after five minutes, and said why', () => {
  const more = planAutoscaler(autoscaler(), measured(100), { nowMs: NOW })
  expect(more).toMatchObject({ rescale: { replicas: 4, reason: 'cpu resource utilization (percentage of request) above target' }, problems: [], status: { currentReplicas: 2, desiredReplicas: 4, currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 100, averageValue: '100m' } } }] } })
  expect(more.status.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`)).toEqual(['AbleToScale=True SucceededRescale', 'ScalingActive=True ValidMetricFound', 'ScalingLimited=False DesiredWithinRange'])
  const four: Target = { ...measured(10), replicas: 4 }
  const soon = planAutoscaler(autoscaler(), four, { nowMs: NOW + 60_000, before: more.rescale?.history })
  expect(soon).toMatchObject({ rescale: undefined, status: { desiredReplicas: 4 } })
  expect(soon.status.conditions?.[0]).toMatchObject({ type: 'AbleToScale', reason: 'ScaleDownStabilized' })
  const later = planAutoscaler(autoscaler(), four, { nowMs: NOW + 310_000, before: soon.history })
  expect(later).toMatchObject({ rescale: { replicas: 2, reason: 'All metrics below target' } })
  expect(later.status.conditions?.at(-1)).toMatchObject({ type: 'ScalingLimited', status: 'True', reason: 'TooFewReplicas' })
})

test('a controller that knows nothing of what was wanted takes nothing away at once', () => {
  const four: Target = { ...measured(10), replicas: 4 }
  const first = planAutoscaler(autoscaler(), four, { nowMs: NOW })
  expect(first).toMatchObject({ rescale: undefined, status: { desiredReplicas: 4 } })
  expect(planAutoscaler(autoscaler(), four, { nowMs: NOW + 310_000, before: first.history })).toMatchObject({ rescale: { replicas: 2 } })
})

test('a metric that says nothing keeps fewer from being taken, and not more', () => {
  const two = (cpu: number): ReturnType<typeof planAutoscaler> => {
    const { spec, ...rest } = autoscaler()
    return planAutoscaler({ ...rest, spec: { ...spec, minReplicas: 1, metrics: [...(spec.metrics ?? []), { type: 'Pods', pods: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '1' } } }] } }, measured(cpu), { nowMs: NOW })
  }
  expect(two(100)).toMatchObject({ rescale: { replicas: 4 }, problems: [{ reason: 'FailedGetPodsMetric' }] })
  const { rescale, problems, status } = two(10)
  expect(rescale).toBeUndefined()
  expect(problems).toEqual([
    { reason: 'FailedGetPodsMetric', message: 'unable to get metric queue: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered' },
    { reason: 'FailedComputeMetricsReplicas', message: 'invalid metrics (1 invalid out of 2), first error is: failed to get pods metric value: unable to get metric queue: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered' },
  ])
  expect(status.currentMetrics?.map(({ type }) => type)).toEqual(['Resource', ''])
})

test('of pods that another autoscaler goes by nothing is computed, and both are named', () => {
  const plan = planAutoscaler({ ...autoscaler(), metadata: { name: 'web', namespace: 'ns' } }, { ...measured(100), rivals: ['ns/other'] }, { nowMs: NOW })
  const message = 'pods by selector app=web are controlled by multiple HPAs: [ns/other ns/web]'
  expect(plan).toMatchObject({ rescale: undefined, selects: true, problems: [{ reason: 'AmbiguousSelector', message }, { reason: 'FailedComputeMetricsReplicas', message }], status: { currentReplicas: 2, desiredReplicas: 0, currentMetrics: null } })
  expect(plan.status.conditions?.at(-1)).toMatchObject({ type: 'ScalingActive', status: 'False', reason: 'AmbiguousSelector', message })
})

test('a size that was refused is none', () => {
  const before = { desiredReplicas: 2, currentMetrics: [], lastScaleTime: '2020-01-01T00:00:00Z', conditions: [{ type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale', lastTransitionTime: '2020-01-01T00:00:00Z' }] }
  const plan = planAutoscaler(autoscaler(before), measured(100), { nowMs: NOW })
  const status = unscaledStatus(autoscaler(before), plan, { message: 'no', nowMs: NOW })
  expect(status).toMatchObject({ desiredReplicas: 2, lastScaleTime: '2020-01-01T00:00:00Z', currentMetrics: [{ type: 'Resource' }] })
  expect(status.conditions?.[0]).toEqual({ type: 'AbleToScale', status: 'False', reason: 'FailedUpdateScale', message: 'the HPA controller was unable to update the target scale: no', lastTransitionTime: formatTime(NOW) })
})

test('what is not within the bounds, or asleep, has no metrics', () => {
  const before = { desiredReplicas: 3, currentMetrics: [{ type: 'Resource' }] }
  for (const replicas of [0, 9]) expect(planAutoscaler(autoscaler(before), found(replicas), { nowMs: NOW }).status.currentMetrics).toBeNull()
})

test('looking again changes nothing', () => {
  for (const target of [found(0), found(3), { kind: 'missing', message: 'no' } as const]) {
    const { status } = planAutoscaler(autoscaler(), target, { nowMs: NOW })
    expect(planAutoscaler(autoscaler(status), target, { nowMs: NOW + 60_000 }).status).toEqual(status)
  }
})
