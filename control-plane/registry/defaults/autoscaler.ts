import type { AutoscalingV2HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior, HPAScalingPolicy, HPAScalingRules, MetricSpec } from '../../../shared/model/gen/api.ts'
import { fillAbsent, mapMember } from './fill.ts'

const CPU_PERCENT = 80
const PERIOD_SECONDS = 15

/** What is aimed at when nobody says anything: four fifths of the requested CPU. */
export const cpuMetric = (averageUtilization = CPU_PERCENT): MetricSpec => ({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } })

const doubling: HPAScalingPolicy = { type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS }
const upwards: HPAScalingRules = { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodSeconds: PERIOD_SECONDS }, doubling] }
const downwards: HPAScalingRules = { selectPolicy: 'Max', policies: [doubling] }

/** An empty list of policies was said on purpose; validation refuses it. */
const defaultBehavior = ({ scaleUp, scaleDown }: HorizontalPodAutoscalerBehavior): HorizontalPodAutoscalerBehavior => ({ scaleUp: { ...upwards, ...scaleUp }, scaleDown: { ...downwards, ...scaleDown } })

export const defaultAutoscaler = (autoscaler: AutoscalingV2HorizontalPodAutoscaler): AutoscalingV2HorizontalPodAutoscaler => {
  const spec = fillAbsent(autoscaler.spec ?? { maxReplicas: 0, scaleTargetRef: { kind: '', name: '' } }, { minReplicas: 1 })
  const measured = spec.metrics?.length ? spec : { ...spec, metrics: [cpuMetric()] }
  return { ...autoscaler, spec: mapMember(measured, 'behavior', defaultBehavior) }
}
