/** How many replicas an autoscaler wants, where no metrics are to be had: what its bounds alone say. PURE. */
import type { AutoscalingV2HorizontalPodAutoscaler, AutoscalingV2HorizontalPodAutoscalerStatus, HorizontalPodAutoscalerCondition, MetricSpec } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'

type Autoscaler = AutoscalingV2HorizontalPodAutoscaler
type Status = AutoscalingV2HorizontalPodAutoscalerStatus

export type Target =
  /** @property message why it could not be looked at. */
  | { readonly kind: 'missing'; readonly message: string }
  | { readonly kind: 'found'; readonly replicas: number }

export interface AutoscalerPlan {
  readonly status: Status
  /** The size it is to be given, and why. */
  readonly rescale: { readonly replicas: number; readonly reason: string } | undefined
  /** Why no better size can be computed. */
  readonly problem: { readonly reason: string; readonly message: string } | undefined
}

const CANNOT_SCALE = "the HPA controller was unable to get the target's current scale"

export function planAutoscaler(autoscaler: Autoscaler, target: Target, nowMs: number): AutoscalerPlan {
  const say = teller(autoscaler, nowMs)
  if (target.kind === 'missing') {
    const conditions = say({ type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message: `${CANNOT_SCALE}: ${target.message}` })
    return { status: withConditions(autoscaler, conditions), rescale: undefined, problem: { reason: 'FailedGetScale', message: target.message } }
  }
  say({ type: 'AbleToScale', status: 'True', reason: 'SucceededGetScale', message: "the HPA controller was able to get the target's current scale" })
  const { minReplicas = 1, maxReplicas, metrics = [] } = autoscaler.spec
  const { replicas } = target
  if (replicas === 0 && minReplicas !== 0) {
    const conditions = say({ type: 'ScalingActive', status: 'False', reason: 'ScalingDisabled', message: 'scaling is disabled since the replica count of the target is zero' })
    return { status: { ...withConditions(autoscaler, conditions), ...sizes(0, 0) }, rescale: undefined, problem: undefined }
  }
  const bounded = replicas > maxReplicas ? { replicas: maxReplicas, reason: 'Current number of replicas above Spec.MaxReplicas' } : replicas < minReplicas ? { replicas: minReplicas, reason: 'Current number of replicas below Spec.MinReplicas' } : undefined
  if (bounded) {
    const conditions = say({ type: 'AbleToScale', status: 'True', reason: 'SucceededRescale', message: `the HPA controller was able to update the target scale to ${bounded.replicas}` })
    return { status: { ...withConditions(autoscaler, conditions), ...sizes(replicas, bounded.replicas), lastScaleTime: formatTime(nowMs) }, rescale: bounded, problem: undefined }
  }
  const problem = unmeasured(metrics[0])
  const conditions = say({ type: 'ScalingActive', status: 'False', ...problem, message: `the HPA was unable to compute the replica count: ${problem.message}` })
  return { status: { ...withConditions(autoscaler, conditions), ...sizes(replicas, autoscaler.status?.desiredReplicas ?? 0) }, rescale: undefined, problem }
}

const sizes = (current: number, desired: number): Pick<Status, 'currentReplicas' | 'desiredReplicas'> => ({ currentReplicas: current === 0 ? undefined : current, desiredReplicas: desired })

/** Conditions are said one after another; what is said again the same way keeps its time. */
function teller({ status }: Autoscaler, nowMs: number): (wanted: HorizontalPodAutoscalerCondition) => readonly HorizontalPodAutoscalerCondition[] {
  let conditions = status?.conditions ?? []
  return (wanted) => {
    const before = conditions.find(({ type }) => type === wanted.type)
    const next = { ...wanted, lastTransitionTime: before?.status === wanted.status ? before.lastTransitionTime : formatTime(nowMs) }
    conditions = before ? conditions.map((one) => (one === before ? next : one)) : [...conditions, next]
    return conditions
  }
}

/** The empty list of metrics is printed. */
const withConditions = ({ status }: Autoscaler, conditions: Status['conditions']): Status => ({ desiredReplicas: 0, ...status, conditions })

const NO_METRICS = 'the server could not find the requested resource'

function unmeasured(metric: MetricSpec | undefined): { readonly reason: string; readonly message: string } {
  switch (metric?.type) {
    case 'Pods':
      return { reason: 'FailedGetPodsMetric', message: `unable to get metric ${metric.pods?.metric.name ?? ''}: unable to fetch metrics from custom metrics API: ${NO_METRICS}` }
    case 'Object':
      return { reason: 'FailedGetObjectMetric', message: `unable to get metric ${metric.object?.metric.name ?? ''}: unable to fetch metrics from custom metrics API: ${NO_METRICS}` }
    case 'External':
      return { reason: 'FailedGetExternalMetric', message: `unable to get external metric ${metric.external?.metric.name ?? ''}: unable to fetch metrics from external metrics API: ${NO_METRICS}` }
    case 'ContainerResource':
      return { reason: 'FailedGetContainerResourceMetric', message: failedUsage(metric.containerResource?.name) }
    default:
      return { reason: 'FailedGetResourceMetric', message: failedUsage(metric?.resource?.name) }
  }
}

const failedUsage = (name = 'cpu'): string => `failed to get ${name} utilization: unable to get metrics for resource ${name}: unable to fetch metrics from resource metrics API: ${NO_METRICS} (get pods.metrics.k8s.io)`
