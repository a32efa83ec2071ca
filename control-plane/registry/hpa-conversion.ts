import type { AutoscalingV2HorizontalPodAutoscaler, AutoscalingV2HorizontalPodAutoscalerStatus, HorizontalPodAutoscaler, HorizontalPodAutoscalerStatus, MetricSpec, MetricStatus } from '../../shared/model/gen/api.ts'
import type { KubeObject } from '../../shared/model/meta.ts'
import { cpuMetric } from './defaults/autoscaler.ts'
import { type Annotated, type Annotations, readAnnotations, withoutCarried, writeAnnotations } from './hpa-annotations.ts'

type Newer = AutoscalingV2HorizontalPodAutoscaler

/** The part of an autoscaler that one manager owns may have no metadata. */
const annotationsOf = (autoscaler: { readonly metadata?: KubeObject['metadata'] }): Annotations | undefined => autoscaler.metadata?.annotations

function withAnnotations<T extends KubeObject>({ metadata }: { readonly metadata?: T['metadata'] }, annotations: Annotations | undefined): { readonly metadata: T['metadata'] } {
  if (metadata === undefined && !annotations) return {} as { readonly metadata: T['metadata'] }
  const { annotations: _, ...rest } = metadata ?? {}
  return { metadata: annotations ? { ...rest, annotations } : rest }
}

/** An autoscaler of autoscaling/v1 in the shape in which it is stored. One that aims at nothing gets the usual aim, which v1 cannot default by itself. */
export function toNewer(autoscaler: HorizontalPodAutoscaler): Newer {
  const { spec, status, kind } = autoscaler
  const carried = readAnnotations(annotationsOf(autoscaler))
  const { targetCPUUtilizationPercentage: percent, ...rest } = spec ?? { maxReplicas: 0, scaleTargetRef: { kind: '', name: '' } }
  const metrics = [...(percent === undefined ? [] : [cpuMetric(percent)]), ...(carried.metrics ?? [])]
  return {
    ...(kind !== undefined && { kind }),
    apiVersion: 'autoscaling/v2',
    ...withAnnotations(autoscaler, withoutCarried(annotationsOf(autoscaler))),
    spec: { ...rest, metrics: metrics.length === 0 ? [cpuMetric()] : metrics, ...(carried.behavior && { behavior: carried.behavior }) },
    ...(status && { status: newerStatus(status, carried) }),
  }
}

function newerStatus({ currentCPUUtilizationPercentage: percent, currentReplicas, ...rest }: HorizontalPodAutoscalerStatus, carried: Annotated): AutoscalingV2HorizontalPodAutoscalerStatus {
  const measured = percent === undefined ? undefined : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: percent } } }]
  const currentMetrics = carried.currentMetrics ?? measured ?? null
  return { ...rest, ...(currentReplicas !== 0 && { currentReplicas }), currentMetrics: currentMetrics as readonly MetricStatus[], ...(carried.conditions && { conditions: carried.conditions }) }
}

const isCpuShare = ({ type, resource }: MetricSpec): boolean => type === 'Resource' && resource?.name === 'cpu' && resource.target.averageUtilization !== undefined

/** A stored autoscaler as autoscaling/v1 shows it. */
export function toOlder(autoscaler: Newer): HorizontalPodAutoscaler {
  const { spec, status, kind } = autoscaler
  const { metrics = [], behavior, ...rest } = spec ?? { maxReplicas: 0, scaleTargetRef: { kind: '', name: '' } }
  const percent = metrics.find(({ type, resource }) => type === 'Resource' && resource?.name === 'cpu')?.resource?.target.averageUtilization
  const { currentMetrics, conditions } = status ?? {}
  const annotations = writeAnnotations(annotationsOf(autoscaler), { metrics: metrics.filter((metric) => !isCpuShare(metric)), behavior, currentMetrics: currentMetrics ?? [], conditions })
  return {
    ...(kind !== undefined && { kind }),
    apiVersion: 'autoscaling/v1',
    ...withAnnotations(autoscaler, annotations),
    spec: { ...rest, ...(percent !== undefined && { targetCPUUtilizationPercentage: percent }) },
    ...(status && { status: olderStatus(status) }),
  }
}

function olderStatus(status: AutoscalingV2HorizontalPodAutoscalerStatus): HorizontalPodAutoscalerStatus {
  const { currentMetrics, conditions: _, currentReplicas = 0, ...rest } = status
  const percent = currentMetrics?.find(({ type, resource }) => type === 'Resource' && resource?.name === 'cpu')?.resource?.current.averageUtilization
  return { ...rest, currentReplicas, ...(percent !== undefined && { currentCPUUtilizationPercentage: percent }) }
}
