/** How fast an autoscaler may go where it wants to: its behavior, with Kubernetes' defaults. PURE. */
import type { AutoscalingV2HorizontalPodAutoscaler, HPAScalingPolicy, HPAScalingRules } from '../../../shared/model/gen/api.ts'
import { parseQuantity } from '../../../shared/model/quantity.ts'

type Autoscaler = AutoscalingV2HorizontalPodAutoscaler

/** What it wanted, and what it did: of how many replicas, and when. The newest last. */
export interface History {
  readonly wanted: ReadonlyArray<{ readonly atMs: number; readonly replicas: number }>
  /** More is positive. */
  readonly changes: ReadonlyArray<{ readonly atMs: number; readonly by: number }>
}

export const noHistory: History = { wanted: [], changes: [] }

/** Nothing older is looked at: the API takes no longer window. */
const LONGEST_MS = 3_600_000

export const remembered = ({ wanted, changes }: History, nowMs: number): History => ({ wanted: wanted.filter(({ atMs }) => atMs > nowMs - LONGEST_MS), changes: changes.filter(({ atMs }) => atMs > nowMs - LONGEST_MS) })

interface Rules {
  readonly windowMs: number
  readonly select: string
  readonly policies: readonly HPAScalingPolicy[]
}

const DEFAULT_UP: readonly HPAScalingPolicy[] = [{ type: 'Pods', value: 4, periodSeconds: 15 }, { type: 'Percent', value: 100, periodSeconds: 15 }]
const DEFAULT_DOWN: readonly HPAScalingPolicy[] = [{ type: 'Percent', value: 100, periodSeconds: 15 }]

const rulesOf = (rules: HPAScalingRules | undefined, windowSeconds: number, policies: readonly HPAScalingPolicy[]): Rules => ({
  windowMs: (rules?.stabilizationWindowSeconds ?? windowSeconds) * 1000,
  select: rules?.selectPolicy ?? 'Max',
  policies: rules?.policies ?? policies,
})

const upOf = ({ spec }: Autoscaler): Rules => rulesOf(spec.behavior?.scaleUp, 0, DEFAULT_UP)
const downOf = ({ spec }: Autoscaler): Rules => rulesOf(spec.behavior?.scaleDown, 300, DEFAULT_DOWN)

/** A tenth, unless it says something else. */
export function toleranceOf({ spec: { behavior } }: Autoscaler): { readonly up: number; readonly down: number } {
  const of = (rules: HPAScalingRules | undefined): number => {
    const parsed = rules?.tolerance === undefined ? undefined : parseQuantity(String(rules.tolerance))
    return parsed === undefined ? 0.1 : Number(parsed.nanos) / 1e9
  }
  return { up: of(behavior?.scaleUp), down: of(behavior?.scaleDown) }
}

/** A number of replicas, and what is said of how it came about. */
export interface Settled {
  readonly replicas: number
  readonly reason: string
  readonly message: string
}

interface Wish {
  readonly current: number
  readonly wanted: number
  readonly nowMs: number
}

/** What was wanted lately is not given up at once: the least of it upwards, the most of it downwards. */
export function stabilized(autoscaler: Autoscaler, history: History, { current, wanted, nowMs }: Wish): Settled {
  const within = (windowMs: number): readonly number[] => [wanted, ...history.wanted.filter(({ atMs }) => atMs > nowMs - windowMs).map(({ replicas }) => replicas)]
  const least = Math.min(...within(upOf(autoscaler).windowMs))
  const most = Math.max(...within(downOf(autoscaler).windowMs))
  // Without a behavior of its own it goes back to the most that was wanted lately, even where it has less now.
  const replicas = autoscaler.spec.behavior === undefined ? most : current < least ? least : current > most ? most : current
  if (replicas === wanted) return { replicas, reason: 'ReadyForNewScale', message: 'recommended size matches current size' }
  return wanted >= current && autoscaler.spec.behavior !== undefined
    ? { replicas, reason: 'ScaleUpStabilized', message: 'recent recommendations were lower than current one, applying the lowest recent recommendation' }
    : { replicas, reason: 'ScaleDownStabilized', message: 'recent recommendations were higher than current one, applying the highest recent recommendation' }
}

const IN_RANGE = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' } as const

/** Twice as many, or so many if that is more: the only limit upwards where there is no behavior. */
const FEW = 4

/** Neither beyond the bounds nor by more than the policies allow for their periods. */
export function limited(autoscaler: Autoscaler, history: History, { current, wanted, nowMs }: Wish): Settled {
  const { minReplicas = 1, maxReplicas } = autoscaler.spec
  if (wanted > current) {
    const most = autoscaler.spec.behavior === undefined ? Math.max(2 * current, FEW) : Math.max(current, farthest(upOf(autoscaler), history, { current, nowMs, way: 1 }))
    if (wanted > maxReplicas && maxReplicas <= most) return { replicas: maxReplicas, reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' }
    if (wanted > most) return { replicas: most, reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' }
  }
  if (wanted < current) {
    const least = Math.min(current, farthest(downOf(autoscaler), history, { current, nowMs, way: -1 }))
    if (wanted < minReplicas && minReplicas >= least) return { replicas: minReplicas, reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' }
    if (wanted < least) return { replicas: least, reason: 'ScaleDownLimit', message: 'the desired replica count is decreasing faster than the maximum scale rate' }
  }
  return { replicas: wanted, ...IN_RANGE }
}

interface Step {
  readonly current: number
  readonly nowMs: number
  readonly way: 1 | -1
}

/** How far one may go now in that direction. */
function farthest({ select, policies }: Rules, { changes }: History, { current, nowMs, way }: Step): number {
  if (select === 'Disabled') return current
  const bounds = policies.map(({ type, value, periodSeconds }) => {
    const since = changes.filter(({ atMs }) => atMs > nowMs - periodSeconds * 1000).reduce((sum, { by }) => sum + by, 0)
    const start = current - since
    if (type === 'Pods') return start + way * value
    return way === 1 ? Math.ceil(start * (1 + value / 100)) : Math.trunc(start * (1 - value / 100))
  })
  return (select === 'Min') === (way === 1) ? Math.min(...bounds) : Math.max(...bounds)
}
