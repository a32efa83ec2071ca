import { type FieldError, forbidden, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { AutoscalingV2CrossVersionObjectReference, ExternalMetricSource, MetricIdentifier, MetricSpec, MetricTarget, ObjectMetricSource, PodsMetricSource } from '../../../shared/model/gen/api.ts'
import { compareQuantities } from '../../../shared/model/quantity.ts'
import { pathSegmentProblems } from '../../../shared/model/validation/names.ts'
import { dnsLabel, each, objections } from './check.ts'
import { validateContainerResourceName } from './resource-names.ts'

/** Sources by the type that names them, in the order in which Kubernetes looks at them. */
const sources = [
  ['Object', 'object'],
  ['External', 'external'],
  ['Pods', 'pods'],
  ['Resource', 'resource'],
  ['ContainerResource', 'containerResource'],
] as const
const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource']

export function validateMetrics(metrics: readonly MetricSpec[] | undefined, path: string, minReplicas: number | undefined): readonly FieldError[] {
  const errors = each(metrics, path, validateMetric)
  const wakes = metrics?.some(({ type }) => type === 'Object' || type === 'External') ?? false
  return minReplicas === 0 && !wakes ? [...errors, forbidden(path, 'must specify at least one Object or External metric to support scaling to zero replicas')] : errors
}

function validateMetric(metric: MetricSpec, path: string): readonly FieldError[] {
  const { type } = metric
  const errors: FieldError[] = type === '' ? [required(`${path}.type`, 'must specify a metric source type')] : []
  const known = types.includes(type)
  if (!known) errors.push(notSupported(`${path}.type`, type, types))
  const present = sources.filter(([, name]) => metric[name] !== undefined).map(([, name]) => name)
  const [first] = present
  if (first !== undefined) errors.push(...validateSource(metric, first, path))
  const expected = sources.find(([one]) => one === type)?.[1]
  if (expected === undefined) errors.push(notSupported(`${path}.type`, type, types))
  else if (metric[expected] === undefined) errors.push(required(`${path}.${expected}`, 'must populate information for the given metric source'))
  if (present.length !== 1) for (const name of present) if (name !== expected) errors.push(forbidden(`${path}.${name}`, 'must populate the given metric source only'))
  return errors
}

function validateSource(metric: MetricSpec, name: (typeof sources)[number][1], parent: string): readonly FieldError[] {
  const path = `${parent}.${name}`
  switch (name) {
    case 'object':
      return metric.object ? validateObjectSource(metric.object, path) : []
    case 'external':
      return metric.external ? validateExternalSource(metric.external, path) : []
    case 'pods':
      return metric.pods ? validatePodsSource(metric.pods, path) : []
    case 'resource':
      return metric.resource ? [...(metric.resource.name ? [] : [required(`${path}.name`, 'must specify a resource name')]), ...validateUsage(metric.resource.target, `${path}.target`)] : []
    case 'containerResource':
      return metric.containerResource ? validateContainerSource(metric.containerResource, path) : []
  }
}

function validateObjectSource({ describedObject, metric, target }: ObjectMetricSource, path: string): readonly FieldError[] {
  const { value, averageValue } = target
  return [
    ...validateNamed(describedObject, `${path}.describedObject`),
    ...validateGroupVersion(describedObject.apiVersion, `${path}.describedObject.apiVersion`),
    ...validateIdentifier(metric, `${path}.metric`),
    ...validateTarget(target, `${path}.target`),
    ...(value === undefined && averageValue === undefined ? [required(`${path}.target.averageValue`, 'must set either a target value or averageValue')] : []),
  ]
}

/** A version stands alone or after its group. */
export function validateGroupVersion(text: string | undefined, path: string): readonly FieldError[] {
  return text !== undefined && text.split('/').length > 2 ? [invalid(path, text, `unexpected GroupVersion string: ${text}`)] : []
}

function validateExternalSource({ metric, target }: ExternalMetricSource, path: string): readonly FieldError[] {
  const { value, averageValue } = target
  return [
    ...validateIdentifier(metric, `${path}.metric`),
    ...validateTarget(target, `${path}.target`),
    ...(value === undefined && averageValue === undefined ? [required(`${path}.target.averageValue`, 'must set either a target value for metric or a per-pod target')] : []),
    ...(value !== undefined && averageValue !== undefined ? [forbidden(`${path}.target.value`, 'may not set both a target value for metric and a per-pod target')] : []),
  ]
}

function validatePodsSource({ metric, target }: PodsMetricSource, path: string): readonly FieldError[] {
  const positive = target.averageValue !== undefined && compareQuantities(String(target.averageValue), '0') > 0
  return [
    ...validateIdentifier(metric, `${path}.metric`),
    ...validateTarget(target, `${path}.target`),
    ...(positive ? [] : [required(`${path}.target.averageValue`, 'must specify a positive target averageValue')]),
  ]
}

function validateContainerSource({ name, container, target }: NonNullable<MetricSpec['containerResource']>, path: string): readonly FieldError[] {
  return [
    ...(name ? validateContainerResourceName(name, `${path}.name`) : [required(`${path}.name`, 'must specify a resource name')]),
    ...(container ? dnsLabel(`${path}.container`, container) : [required(`${path}.container`, 'must specify a container')]),
    ...validateUsage(target, `${path}.target`),
  ]
}

/** Of a resource either the share of what was requested or an amount is aimed at. */
function validateUsage(target: MetricTarget, path: string): readonly FieldError[] {
  const { averageUtilization, averageValue } = target
  const errors = [...validateTarget(target, path)]
  if (averageUtilization === undefined && averageValue === undefined) errors.push(required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization'))
  if (averageUtilization !== undefined && averageValue !== undefined) errors.push(forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization'))
  return errors
}

function validateTarget({ type, value, averageValue, averageUtilization }: MetricTarget, path: string): readonly FieldError[] {
  const errors: FieldError[] = type === '' ? [required(`${path}.type`, 'must specify a metric target type')] : []
  if (!['Utilization', 'Value', 'AverageValue'].includes(type)) errors.push(invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'))
  const notPositive = (amount: unknown): boolean => typeof amount === 'string' && compareQuantities(amount, '0') <= 0
  if (notPositive(value)) errors.push(invalid(`${path}.value`, value, 'must be positive'))
  if (notPositive(averageValue)) errors.push(invalid(`${path}.averageValue`, averageValue, 'must be positive'))
  if (averageUtilization !== undefined && averageUtilization < 1) errors.push(invalid(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0'))
  return errors
}

function validateIdentifier({ name }: MetricIdentifier, path: string): readonly FieldError[] {
  return name === '' ? [required(`${path}.name`, 'must specify a metric name')] : objections(`${path}.name`, name, pathSegmentProblems(name))
}

/** Kind and name of an object that a metric or a scale is about. */
export function validateNamed({ kind = '', name = '' }: Partial<AutoscalingV2CrossVersionObjectReference>, path: string): readonly FieldError[] {
  const part = (field: string, value: string): readonly FieldError[] => (value === '' ? [required(field)] : objections(field, value, pathSegmentProblems(value)))
  return [...part(`${path}.kind`, kind), ...part(`${path}.name`, name)]
}
