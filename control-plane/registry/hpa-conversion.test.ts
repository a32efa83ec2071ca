import { expect, test } from 'vitest'
import type { AutoscalingV2HorizontalPodAutoscaler, HorizontalPodAutoscaler, MetricSpec } from '../../shared/model/gen/api.ts'
import { cpuMetric } from './defaults/autoscaler.ts'
import { toNewer, toOlder } from './hpa-conversion.ts'

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
const metrics: readonly MetricSpec[] = [
  cpuMetric(50),
  { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '500Mi' } } },
  { type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '1k' } } },
  { type: 'Object', object: { describedObject: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'main' }, metric: { name: 'hits', selector: { matchLabels: { a: 'b' } } }, target: { type: 'Value', value: '10k' } } },
  { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '30' } } },
  { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'app', target: { type: 'Utilization', averageUtilization: 40 } } },
]
const newer: AutoscalingV2HorizontalPodAutoscaler = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'web', annotations: { mine: 'x' } },
  spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 5, metrics, behavior: { scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }] } } },
  status: {
    desiredReplicas: 2,
    currentReplicas: 2,
    currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 30, averageValue: '100m' } } }],
    conditions: [{ type: 'AbleToScale', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'Ready', message: 'fine' }],
  },
}

test('what the older version has no fields for goes through its annotations and comes back whole', () => {
  const older = toOlder(newer)
  expect(older.spec).toEqual({ scaleTargetRef, minReplicas: 1, maxReplicas: 5, targetCPUUtilizationPercentage: 50 })
  expect(older.status).toEqual({ desiredReplicas: 2, currentReplicas: 2, currentCPUUtilizationPercentage: 30 })
  expect(Object.keys(older.metadata.annotations ?? {})).toEqual(['mine', ...['metrics', 'current-metrics', 'behavior', 'conditions'].map((name) => `autoscaling.alpha.kubernetes.io/${name}`)])
  expect(older.metadata.annotations?.['autoscaling.alpha.kubernetes.io/behavior']).toBe('{"ScaleUp":{"StabilizationWindowSeconds":0,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":15}],"Tolerance":null},"ScaleDown":null}')
  expect(toNewer(older)).toEqual(newer)
  expect(toOlder(toNewer(older))).toEqual(older)
})

test('an older one that aims at nothing gets the usual aim; annotations nobody can read are dropped', () => {
  const older: HorizontalPodAutoscaler = { metadata: { annotations: { 'autoscaling.alpha.kubernetes.io/metrics': 'not json' } }, spec: { scaleTargetRef, maxReplicas: 5 } }
  expect(toNewer(older)).toMatchObject({ metadata: {}, spec: { metrics: [cpuMetric(80)] } })
  expect(toOlder(toNewer(older)).spec.targetCPUUtilizationPercentage).toBe(80)
  expect(toOlder(toNewer(older)).metadata.annotations).toBeUndefined()
})

test('a part of one, as a manager owns it, may have no metadata', () => {
  const part = { spec: { scaleTargetRef, maxReplicas: 5 } } as unknown as HorizontalPodAutoscaler
  expect(toNewer(part)).toEqual({ apiVersion: 'autoscaling/v2', spec: { scaleTargetRef, maxReplicas: 5, metrics: [cpuMetric(80)] } })
  expect(toOlder(toNewer(part))).toEqual({ apiVersion: 'autoscaling/v1', spec: { scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 80 } })
})
