import { expect, test } from 'vitest'
import type { MetricSpec, MetricTarget } from '../../../shared/model/gen/api.ts'
import { unmeasured } from './unmeasured.ts'

const NO_CUSTOM = 'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered'
const average: MetricTarget = { type: 'AverageValue', averageValue: '1' }
const value: MetricTarget = { type: 'Value', value: '1' }
const object = (target: MetricTarget): MetricSpec => ({ type: 'Object', object: { describedObject: { kind: 'Ingress', name: 'main' }, metric: { name: 'hits' }, target } })
const external = (target: MetricTarget, selector?: { matchLabels: Record<string, string> }): MetricSpec => ({ type: 'External', external: { metric: { name: 'q', selector }, target } })
const onMain = `unable to get metric hits: Ingress on ns main/${NO_CUSTOM}`
const ofQueue = (selector: string): string => `unable to get external metric ns/q/${selector}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get q.external.metrics.k8s.io)`
const ofMemory = 'unable to get metrics for resource memory: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)'
const LABELS = '&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{},}'

test.each([
  [{ type: 'Resource', resource: { name: 'memory', target: average } }, 'FailedGetResourceMetric', `failed to get memory usage: ${ofMemory}`, 'failed to get memory resource metric value: '],
  [{ type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 5 } } }, 'FailedGetResourceMetric', `failed to get memory utilization: ${ofMemory}`, 'failed to get memory resource metric value: '],
  [{ type: 'ContainerResource', containerResource: { name: 'memory', container: 'c', target: average } }, 'FailedGetContainerResourceMetric', `failed to get memory usage: ${ofMemory}`, 'failed to get c container metric value: '],
  [object(value), 'FailedGetObjectMetric', onMain, 'failed to get object metric value: '],
  [object(average), 'FailedGetObjectMetric', onMain, 'failed to get object metric value: failed to get hits object metric: '],
  [external(value), 'FailedGetExternalMetric', ofQueue('nil'), 'failed to get q external metric value: failed to get external metric q: '],
  [external(average, { matchLabels: { a: 'b' } }), 'FailedGetExternalMetric', ofQueue(LABELS), 'failed to get q external metric value: failed to get q external metric: '],
] satisfies ReadonlyArray<readonly [MetricSpec, string, string, string]>)('%j', (metric, reason, message, among) => {
  expect(unmeasured(metric, 'ns')).toEqual({ reason, message, among: among + message })
})
