import type { AutoscalingV2HorizontalPodAutoscaler, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '../../../shared/model/gen/api.ts'
import type { TableColumn } from '../kind.ts'
import { ageSince } from './age.ts'
import { ageColumn, column, nameColumn } from './columns.ts'

export const autoscalerColumns: readonly TableColumn[] = [
  nameColumn,
  column('Reference', 'scaleTargetRef points to the target resource to scale, and is used to the pods for which metrics should be collected, as well as to actually change the replica count.'),
  column(
    'Targets',
    'metrics contains the specifications for which to use to calculate the desired replica count (the maximum replica count across all metrics will be used).  The desired replica count is calculated multiplying the ratio between the target value and the current value by the current number of pods.  Ergo, metrics used must decrease as the pod count is increased, and vice-versa.  See the individual metric source types for more information about how each type of metric must respond. If not set, the default metric will be set to 80% average CPU utilization.',
  ),
  column(
    'MinPods',
    'minReplicas is the lower limit for the number of replicas to which the autoscaler can scale down.  It defaults to 1 pod.  minReplicas is allowed to be 0 if the alpha feature gate HPAScaleToZero is enabled and at least one Object or External metric is configured.  Scaling is active as long as at least one metric value is available.',
  ),
  column('MaxPods', 'maxReplicas is the upper limit for the number of replicas to which the autoscaler can scale up. It cannot be less that minReplicas.'),
  column('Replicas', 'currentReplicas is current number of replicas of pods managed by this autoscaler, as last seen by the autoscaler.'),
  ageColumn,
]

export function autoscalerRow({ metadata, spec, status }: AutoscalingV2HorizontalPodAutoscaler, nowMs: number): ReadonlyArray<string | number> {
  return [
    metadata.name ?? '',
    `${spec?.scaleTargetRef?.kind ?? ''}/${spec?.scaleTargetRef?.name ?? ''}`,
    formatMetrics(spec?.metrics ?? [], status?.currentMetrics ?? []),
    spec?.minReplicas === undefined ? '<unset>' : String(spec.minReplicas),
    spec?.maxReplicas ?? 0,
    status?.currentReplicas ?? 0,
    ageSince(metadata.creationTimestamp, nowMs),
  ]
}

const SHOWN = 2
const UNKNOWN = '<unknown>'

function formatMetrics(metrics: readonly MetricSpec[], current: readonly MetricStatus[]): string {
  if (metrics.length === 0) return '<none>'
  const texts = metrics.slice(0, SHOWN).map((metric, index) => formatMetric(metric, current[index]))
  return metrics.length > SHOWN ? `${texts.join(', ')} + ${metrics.length - SHOWN} more...` : texts.join(', ')
}

function formatMetric(metric: MetricSpec, status: MetricStatus | undefined): string {
  const { resource, containerResource } = metric
  switch (metric.type) {
    case 'External':
      return formatValue(metric.external?.target, status?.external?.current)
    case 'Object':
      return formatValue(metric.object?.target, status?.object?.current)
    case 'Pods':
      return `${unchecked(status?.pods?.current, 'averageValue')}/${String(metric.pods?.target.averageValue)}`
    case 'Resource':
      return `${resource?.name ?? ''}: ${formatUsage(resource?.target, status?.resource?.current)}`
    case 'ContainerResource':
      return `${containerResource?.name ?? ''}: ${formatUsage(containerResource?.target, status?.containerResource?.current)}`
    default:
      return '<unknown type>'
  }
}

function formatValue(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${String(current?.averageValue ?? UNKNOWN)}/${String(target.averageValue)} (avg)`
  return `${unchecked(current, 'value')}/${String(target?.value)}`
}

function formatUsage(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${unchecked(current, 'averageValue')}/${String(target.averageValue)}`
  const percent = (value: number | undefined, otherwise: string): string => (value === undefined ? otherwise : `${value}%`)
  return `${percent(current?.averageUtilization, UNKNOWN)}/${percent(target?.averageUtilization, '<auto>')}`
}

/** What a status of the kind does not say prints as Go prints nothing. */
const unchecked = (current: MetricValueStatus | undefined, name: 'averageValue' | 'value'): string => (current ? String(current[name] ?? '<nil>') : UNKNOWN)
