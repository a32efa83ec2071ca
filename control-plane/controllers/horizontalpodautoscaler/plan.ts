/** How many replicas an autoscaler wants: by its bounds, and by what its pods use where that can be had. PURE. */
import type { AutoscalingV2HorizontalPodAutoscaler, AutoscalingV2HorizontalPodAutoscalerStatus, HorizontalPodAutoscalerCondition, MetricStatus } from '../../../shared/model/gen/api.ts'
import { keyOf, namespaceOf } from '../../../shared/model/meta.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { limited, noHistory, remembered, stabilized, toleranceOf, type History } from './pace.ts'
import { proposalFor, type Proposal, type Seen } from './proposal.ts'
import { unmeasured, type Unmeasured } from './unmeasured.ts'

type Autoscaler = AutoscalingV2HorizontalPodAutoscaler
type Status = AutoscalingV2HorizontalPodAutoscalerStatus

export type Target =
  /** @property message why it could not be looked at. */
  | { readonly kind: 'missing'; readonly message: string }
  | {
      readonly kind: 'found'
      readonly replicas: number
      /** As text. */
      readonly selector: string
      /** Keys of other autoscalers that scale by the same pods. */
      readonly rivals: readonly string[]
      /** Absent: no metrics are served. */
      readonly measured?: Pick<Seen, 'pods' | 'usage'> | undefined
    }

export interface AutoscalerPlan {
  readonly status: Status
  /** The size it is to be given, why, and what is to be known of it afterwards. */
  readonly rescale: { readonly replicas: number; readonly reason: string; readonly history: History } | undefined
  /** Why no better size can be computed: warnings. */
  readonly problems: ReadonlyArray<{ readonly reason: string; readonly message: string }>
  /** To be given to the next plan. */
  readonly history: History
  /** Whether it went by its pods, so that no other autoscaler may. */
  readonly selects: boolean
}

const CANNOT_SCALE = "the HPA controller was unable to get the target's current scale"

/** @param before what it wanted and did, as the plan before has it */
export function planAutoscaler(autoscaler: Autoscaler, target: Target, { nowMs, before = noHistory }: { readonly nowMs: number; readonly before?: History | undefined }): AutoscalerPlan {
  const known = remembered(before, nowMs)
  const say = teller(autoscaler.status?.conditions, nowMs)
  if (target.kind === 'missing') {
    const conditions = say({ type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message: `${CANNOT_SCALE}: ${target.message}` })
    return { status: withConditions(autoscaler, conditions), rescale: undefined, problems: [{ reason: 'FailedGetScale', message: target.message }], history: known, selects: false }
  }
  say({ type: 'AbleToScale', status: 'True', reason: 'SucceededGetScale', message: "the HPA controller was able to get the target's current scale" })
  const { minReplicas = 1, maxReplicas } = autoscaler.spec
  const { replicas } = target
  // What there is when nothing is known yet was wanted by somebody: a controller that has just begun takes nothing away at once.
  const history = known.wanted.length === 0 ? { ...known, wanted: [{ atMs: nowMs, replicas }] } : known
  if (replicas === 0 && minReplicas !== 0) {
    const conditions = say({ type: 'ScalingActive', status: 'False', reason: 'ScalingDisabled', message: 'scaling is disabled since the replica count of the target is zero' })
    return { status: { ...withConditions(autoscaler, conditions), ...sizes(0, 0), currentMetrics: NONE }, rescale: undefined, problems: [], history, selects: false }
  }
  const bounded = replicas > maxReplicas ? { replicas: maxReplicas, reason: 'Current number of replicas above Spec.MaxReplicas' } : replicas < minReplicas ? { replicas: minReplicas, reason: 'Current number of replicas below Spec.MinReplicas' } : undefined
  if (bounded) {
    const status = { ...withConditions(autoscaler, say(rescaledTo(bounded.replicas))), ...sizes(replicas, bounded.replicas), currentMetrics: NONE, lastScaleTime: formatTime(nowMs) }
    return { status, rescale: { ...bounded, history: changed(history, bounded.replicas - replicas, nowMs) }, problems: [], history, selects: false }
  }
  return planByMetrics(autoscaler, target, { nowMs, history, say })
}

interface Course {
  readonly nowMs: number
  readonly history: History
  readonly say: ReturnType<typeof teller>
}

function planByMetrics(autoscaler: Autoscaler, target: Found, { nowMs, history, say }: Course): AutoscalerPlan {
  const { replicas } = target
  const unscaled = (conditions: Status['conditions'], currentMetrics: readonly MetricStatus[]): Status => ({ ...withConditions(autoscaler, conditions), ...sizes(replicas, autoscaler.status?.desiredReplicas ?? 0), currentMetrics })
  if (target.rivals.length > 0) {
    const message = `pods by selector ${target.selector} are controlled by multiple HPAs: [${[keyOf(autoscaler), ...target.rivals].toSorted().join(' ')}]`
    const conditions = say({ type: 'ScalingActive', status: 'False', reason: 'AmbiguousSelector', message })
    return { status: unscaled(conditions, NONE), rescale: undefined, problems: ['AmbiguousSelector', UNCOMPUTED].map((reason) => ({ reason, message })), history, selects: true }
  }
  const { best, statuses, silent } = bestOf(autoscaler, target, nowMs)
  const told = silent.map(({ reason, message }) => ({ reason, message }))
  const [first] = silent
  if (first && (best === undefined || best.replicas < replicas)) {
    const conditions = say({ type: 'ScalingActive', status: 'False', reason: first.reason, message: `the HPA was unable to compute the replica count: ${first.message}` })
    const uncomputed = `invalid metrics (${silent.length} invalid out of ${statuses.length}), first error is: ${first.among}`
    return { status: unscaled(conditions, statuses), rescale: undefined, problems: [...told, { reason: UNCOMPUTED, message: uncomputed }], history, selects: true }
  }
  const { replicas: asked, metric } = best ?? { replicas, metric: '' }
  say({ type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message: `the HPA was able to successfully calculate a replica count from ${metric}` })
  const calm = stabilized(autoscaler, history, { current: replicas, wanted: asked, nowMs })
  say({ type: 'AbleToScale', status: 'True', reason: calm.reason, message: calm.message })
  const settled = limited(autoscaler, history, { current: replicas, wanted: calm.replicas, nowMs })
  const conditions = say({ type: 'ScalingLimited', status: settled.replicas === calm.replicas ? 'False' : 'True', reason: settled.reason, message: settled.message })
  const wanted = { ...history, wanted: [...history.wanted, { atMs: nowMs, replicas: asked }] }
  const status = { ...withConditions(autoscaler, conditions), currentMetrics: statuses, ...sizes(replicas, settled.replicas) }
  const plan: AutoscalerPlan = { status, rescale: undefined, problems: told, history: wanted, selects: true }
  if (settled.replicas === replicas) return plan
  const reason = asked > replicas ? `${metric} above target` : 'All metrics below target'
  return { ...plan, status: { ...status, conditions: say(rescaledTo(settled.replicas)), lastScaleTime: formatTime(nowMs) }, rescale: { replicas: settled.replicas, reason, history: changed(wanted, settled.replicas - replicas, nowMs) } }
}

/** The status where the new size was refused. */
export function unscaledStatus({ status: before }: Autoscaler, { status }: AutoscalerPlan, { message, nowMs }: { readonly message: string; readonly nowMs: number }): Status {
  const conditions = teller(status.conditions, nowMs)({ type: 'AbleToScale', status: 'False', reason: 'FailedUpdateScale', message: `the HPA controller was unable to update the target scale: ${message}` })
  return { ...status, conditions, desiredReplicas: before?.desiredReplicas ?? 0, lastScaleTime: before?.lastScaleTime }
}

type Found = Extract<Target, { readonly kind: 'found' }>

/** The list that is not there, as it is printed. */
const NONE = null as unknown as readonly MetricStatus[]
const UNCOMPUTED = 'FailedComputeMetricsReplicas'

const rescaledTo = (replicas: number): HorizontalPodAutoscalerCondition => ({ type: 'AbleToScale', status: 'True', reason: 'SucceededRescale', message: `the HPA controller was able to update the target scale to ${replicas}` })

const changed = (history: History, by: number, nowMs: number): History => ({ ...history, changes: [...history.changes, { atMs: nowMs, by }] })

type Wish = Extract<Proposal, { readonly kind: 'replicas' }>

interface Best {
  readonly best: Wish | undefined
  /** One for each metric, empty for those that say nothing. */
  readonly statuses: readonly MetricStatus[]
  readonly silent: readonly Unmeasured[]
}

/** The metric that asks for most decides. */
function bestOf(autoscaler: Autoscaler, { replicas, measured }: Found, nowMs: number): Best {
  const { metrics = [] } = autoscaler.spec
  const seen: Seen | undefined = measured && { ...measured, replicas, nowMs, tolerance: toleranceOf(autoscaler) }
  const asked = metrics.map((metric) => ({ metric, proposal: seen && (metric.type === 'Resource' || metric.type === 'ContainerResource') ? proposalFor(metric, seen) : undefined }))
  const proposals = asked.flatMap(({ proposal }) => (proposal?.kind === 'replicas' ? [proposal] : []))
  return {
    best: proposals.reduce<Wish | undefined>((high, one) => (high === undefined || one.replicas > high.replicas ? one : high), undefined),
    statuses: asked.map(({ proposal }) => (proposal?.kind === 'replicas' ? proposal.status : { type: '' })),
    silent: asked.flatMap(({ metric, proposal }) => (proposal?.kind === 'replicas' ? [] : [unmeasured(metric, namespaceOf(autoscaler), proposal?.message)])),
  }
}

const sizes = (current: number, desired: number): Pick<Status, 'currentReplicas' | 'desiredReplicas'> => ({ currentReplicas: current === 0 ? undefined : current, desiredReplicas: desired })

/** Conditions are said one after another; what is said again the same way keeps its time. */
function teller(said: Status['conditions'], nowMs: number): (wanted: HorizontalPodAutoscalerCondition) => readonly HorizontalPodAutoscalerCondition[] {
  let conditions = said ?? []
  return (wanted) => {
    const before = conditions.find(({ type }) => type === wanted.type)
    const next = { ...wanted, lastTransitionTime: before?.status === wanted.status ? before.lastTransitionTime : formatTime(nowMs) }
    conditions = before ? conditions.map((one) => (one === before ? next : one)) : [...conditions, next]
    return conditions
  }
}

const withConditions = ({ status }: Autoscaler, conditions: Status['conditions']): Status => ({ desiredReplicas: 0, ...status, conditions })
