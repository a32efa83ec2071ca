/** How many replicas an autoscaler wants: by its bounds, and by what its pods use where that can be had. PURE. */
import type { AutoscalingV2HorizontalPodAutoscaler, AutoscalingV2HorizontalPodAutoscalerStatus, HorizontalPodAutoscalerCondition, MetricSpec } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { limited, noHistory, remembered, stabilized, toleranceOf, type History } from './pace.ts'
import { proposalFor, type Proposal, type Seen } from './proposal.ts'

type Autoscaler = AutoscalingV2HorizontalPodAutoscaler
type Status = AutoscalingV2HorizontalPodAutoscalerStatus

export type Target =
  /** @property message why it could not be looked at. */
  | { readonly kind: 'missing'; readonly message: string }
  | { readonly kind: 'found'; readonly replicas: number; /** Absent: no metrics are served. */ readonly measured?: Pick<Seen, 'pods' | 'usage'> | undefined }

export interface AutoscalerPlan {
  readonly status: Status
  /** The size it is to be given, and why. */
  readonly rescale: { readonly replicas: number; readonly reason: string } | undefined
  /** Why no better size can be computed. */
  readonly problem: { readonly reason: string; readonly message: string } | undefined
  /** To be given to the next plan. */
  readonly history: History
}

const CANNOT_SCALE = "the HPA controller was unable to get the target's current scale"

/** @param before what it wanted and did, as the plan before has it */
export function planAutoscaler(autoscaler: Autoscaler, target: Target, { nowMs, before = noHistory }: { readonly nowMs: number; readonly before?: History | undefined }): AutoscalerPlan {
  const known = remembered(before, nowMs)
  const say = teller(autoscaler, nowMs)
  if (target.kind === 'missing') {
    const conditions = say({ type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message: `${CANNOT_SCALE}: ${target.message}` })
    return { status: withConditions(autoscaler, conditions), rescale: undefined, problem: { reason: 'FailedGetScale', message: target.message }, history: known }
  }
  say({ type: 'AbleToScale', status: 'True', reason: 'SucceededGetScale', message: "the HPA controller was able to get the target's current scale" })
  const { minReplicas = 1, maxReplicas, metrics = [] } = autoscaler.spec
  const { replicas } = target
  // What there is when nothing is known yet was wanted by somebody: a controller that has just begun takes nothing away at once.
  const history = known.wanted.length === 0 ? { ...known, wanted: [{ atMs: nowMs, replicas }] } : known
  if (replicas === 0 && minReplicas !== 0) {
    const conditions = say({ type: 'ScalingActive', status: 'False', reason: 'ScalingDisabled', message: 'scaling is disabled since the replica count of the target is zero' })
    return { status: { ...withConditions(autoscaler, conditions), ...sizes(0, 0) }, rescale: undefined, problem: undefined, history }
  }
  const bounded = replicas > maxReplicas ? { replicas: maxReplicas, reason: 'Current number of replicas above Spec.MaxReplicas' } : replicas < minReplicas ? { replicas: minReplicas, reason: 'Current number of replicas below Spec.MinReplicas' } : undefined
  if (bounded) {
    const conditions = say({ type: 'AbleToScale', status: 'True', reason: 'SucceededRescale', message: `the HPA controller was able to update the target scale to ${bounded.replicas}` })
    return { status: { ...withConditions(autoscaler, conditions), ...sizes(replicas, bounded.replicas), lastScaleTime: formatTime(nowMs) }, rescale: bounded, problem: undefined, history: changed(history, bounded.replicas - replicas, nowMs) }
  }
  const { best, problem } = bestOf(autoscaler, target, nowMs)
  if (best === undefined || (problem && best.replicas < replicas)) {
    const told = problem ?? unmeasured(metrics[0])
    const conditions = say({ type: 'ScalingActive', status: 'False', ...told, message: `the HPA was unable to compute the replica count: ${told.message}` })
    return { status: { ...withConditions(autoscaler, conditions), ...sizes(replicas, autoscaler.status?.desiredReplicas ?? 0) }, rescale: undefined, problem: told, history }
  }
  say({ type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message: `the HPA was able to successfully calculate a replica count from ${best.metric}` })
  const calm = stabilized(autoscaler, history, { current: replicas, wanted: best.replicas, nowMs })
  say({ type: 'AbleToScale', status: 'True', reason: calm.reason, message: calm.message })
  const settled = limited(autoscaler, history, { current: replicas, wanted: calm.replicas, nowMs })
  const limits: HorizontalPodAutoscalerCondition = { type: 'ScalingLimited', status: settled.replicas === calm.replicas ? 'False' : 'True', reason: settled.reason, message: settled.message }
  const conditions = say(limits)
  const wanted = { ...history, wanted: [...history.wanted, { atMs: nowMs, replicas: best.replicas }] }
  const told = { ...withConditions(autoscaler, conditions), currentMetrics: best.statuses, ...sizes(replicas, settled.replicas) }
  if (settled.replicas === replicas) return { status: told, rescale: undefined, problem, history: wanted }
  const rescaled = say({ type: 'AbleToScale', status: 'True', reason: 'SucceededRescale', message: `the HPA controller was able to update the target scale to ${settled.replicas}` })
  const reason = best.replicas > replicas ? `${best.metric} above target` : 'All metrics below target'
  return { status: { ...told, conditions: rescaled, lastScaleTime: formatTime(nowMs) }, rescale: { replicas: settled.replicas, reason }, problem, history: changed(wanted, settled.replicas - replicas, nowMs) }
}

const changed = (history: History, by: number, nowMs: number): History => ({ ...history, changes: [...history.changes, { atMs: nowMs, by }] })

interface Best {
  readonly best: { readonly replicas: number; readonly metric: string; readonly statuses: Status['currentMetrics'] } | undefined
  /** Of the first metric that says nothing. */
  readonly problem: AutoscalerPlan['problem']
}

/** The metric that asks for most decides. */
function bestOf(autoscaler: Autoscaler, { replicas, measured }: Extract<Target, { readonly kind: 'found' }>, nowMs: number): Best {
  const { metrics = [] } = autoscaler.spec
  if (measured === undefined) return { best: undefined, problem: undefined }
  const seen: Seen = { ...measured, replicas, nowMs, tolerance: toleranceOf(autoscaler) }
  const asked = metrics.map((metric) => ({ metric, proposal: metric.type === 'Resource' || metric.type === 'ContainerResource' ? proposalFor(metric, seen) : undefined }))
  const proposals = asked.flatMap(({ proposal }) => (proposal?.kind === 'replicas' ? [proposal] : []))
  const silent = asked.find(({ proposal }) => proposal?.kind !== 'replicas')
  const most = proposals.reduce<Extract<Proposal, { readonly kind: 'replicas' }> | undefined>((high, one) => (high === undefined || one.replicas > high.replicas ? one : high), undefined)
  return {
    best: most && { replicas: most.replicas, metric: most.metric, statuses: proposals.map(({ status }) => status) },
    problem: silent && { ...unmeasured(silent.metric), ...(silent.proposal?.kind === 'unknown' && { message: silent.proposal.message }) },
  }
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
