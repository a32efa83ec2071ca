import { expect, test } from 'vitest'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import type { MetricSpec } from '../../../shared/model/gen/api.ts'
import { validateMetrics } from './hpa-metrics.ts'

const half = { type: 'Utilization', averageUtilization: 50 }
const ofContainer = (name: string, container: string): MetricSpec => ({ type: 'ContainerResource', containerResource: { name, container, target: half } })
const ofObject = (apiVersion: string): MetricSpec => ({ type: 'Object', object: { describedObject: { apiVersion, kind: 'Ingress', name: 'main' }, metric: { name: 'hits' }, target: { type: 'Value', value: '10' } } })
const texts = (metric: MetricSpec, minReplicas = 1): readonly string[] => validateMetrics([metric], 'metrics', minReplicas).map(fieldErrorText)

test('a container and its resource have the names that pods may give them', () => {
  expect(texts(ofContainer('cpu', 'app'))).toEqual([])
  expect(texts(ofContainer('pods', 'App')).map((text) => text.split(': ').slice(0, 2).join(': '))).toEqual(['metrics[0].containerResource.name: Invalid value', 'metrics[0].containerResource.container: Invalid value'])
  expect(texts(ofContainer('', ''))).toEqual(['metrics[0].containerResource.name: Required value: must specify a resource name', 'metrics[0].containerResource.container: Required value: must specify a container'])
})

test('a described object may be of the core group, and of one version', () => {
  expect([texts(ofObject('v1')), texts(ofObject('networking.k8s.io/v1'))]).toEqual([[], []])
  expect(texts(ofObject('a/b/c'))).toEqual(['metrics[0].object.describedObject.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c'])
})

test('only what is measured outside of the pods wakes them up', () => {
  expect(texts(ofContainer('cpu', 'app'), 0)).toEqual(['metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas'])
  expect(texts(ofObject('v1'), 0)).toEqual([])
})
