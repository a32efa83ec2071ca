/** What autoscaling/v1 has no fields for stands in annotations there, in the words of that version. */
import type { AutoscalingV2HorizontalPodAutoscalerStatus, HorizontalPodAutoscalerBehavior, HPAScalingRules, MetricSpec, MetricStatus, MetricTarget } from '../../shared/model/gen/api.ts'
import { isJsonObject, type Json, type JsonObject } from '../../shared/model/json.ts'
import { goJson } from '../../shared/model/go-text.ts'

const PREFIX = 'autoscaling.alpha.kubernetes.io/'
const METRICS = `${PREFIX}metrics`
const CURRENT_METRICS = `${PREFIX}current-metrics`
const BEHAVIOR = `${PREFIX}behavior`
const CONDITIONS = `${PREFIX}conditions`
const names = [METRICS, CURRENT_METRICS, BEHAVIOR, CONDITIONS] as const

export type Annotations = Readonly<Record<string, string>>

export interface Annotated {
  readonly metrics?: readonly MetricSpec[] | undefined
  readonly behavior?: HorizontalPodAutoscalerBehavior | undefined
  readonly currentMetrics?: readonly MetricStatus[] | undefined
  readonly conditions?: AutoscalingV2HorizontalPodAutoscalerStatus['conditions']
}

/** Without those that only carry what other versions have fields for. */
export function withoutCarried(annotations: Annotations | undefined): Annotations | undefined {
  if (!annotations || !names.some((name) => name in annotations)) return annotations
  const rest = Object.fromEntries(Object.entries(annotations).filter(([name]) => !(names as readonly string[]).includes(name)))
  return Object.keys(rest).length === 0 ? undefined : rest
}

/** What the annotations say; what cannot be read is as if it were not there. */
export function readAnnotations(annotations: Annotations | undefined): Annotated {
  const list = (name: string): readonly JsonObject[] | undefined => {
    const value = parse(annotations?.[name])
    return Array.isArray(value) ? (value as readonly Json[]).filter(isJsonObject) : undefined
  }
  const behavior = parse(annotations?.[BEHAVIOR])
  return {
    metrics: list(METRICS)?.map((metric) => readMetric(metric, 'target') as unknown as MetricSpec),
    currentMetrics: list(CURRENT_METRICS)?.map((metric) => readMetric(metric, 'current') as unknown as MetricStatus),
    conditions: list(CONDITIONS) as Annotated['conditions'],
    behavior: isJsonObject(behavior) ? readBehavior(behavior) : undefined,
  }
}

function parse(text: string | undefined): Json | undefined {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

export function writeAnnotations(annotations: Annotations | undefined, { metrics = [], behavior, currentMetrics = [], conditions = [] }: Annotated): Annotations | undefined {
  const carried: Record<string, string> = { ...withoutCarried(annotations) }
  if (metrics.length > 0) carried[METRICS] = goJson(metrics.map((metric) => writeMetric(metric as unknown as JsonObject, 'target')))
  if (currentMetrics.length > 0) carried[CURRENT_METRICS] = goJson(currentMetrics.map((metric) => writeMetric(metric as unknown as JsonObject, 'current')))
  if (behavior) carried[BEHAVIOR] = goJson({ ScaleUp: writeRules(behavior.scaleUp), ScaleDown: writeRules(behavior.scaleDown) })
  if (conditions.length > 0) carried[CONDITIONS] = goJson(conditions.map(({ type, status, lastTransitionTime, reason, message }) => ({ type, status, lastTransitionTime: lastTransitionTime ?? null, ...(reason && { reason }), ...(message && { message }) })))
  return Object.keys(carried).length === 0 ? undefined : carried
}

/** In v1 the values stand in the source itself, as `targetAverageValue` or `currentAverageValue`. */
type Stage = 'target' | 'current'

const part = (object: JsonObject, name: string): JsonObject | undefined => (isJsonObject(object[name]) ? object[name] : undefined)
const defined = (members: Readonly<Record<string, Json | undefined>>): JsonObject => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as JsonObject

function readMetric(metric: JsonObject, stage: Stage): JsonObject {
  const { object, pods, resource, containerResource, external } = Object.fromEntries(['object', 'pods', 'resource', 'containerResource', 'external'].map((name) => [name, part(metric, name)]))
  return defined({
    type: metric['type'],
    object: object && defined({ describedObject: object['target'], metric: defined({ name: object['metricName'], selector: object['selector'] }), [stage]: readValues(object, stage) }),
    pods: pods && defined({ metric: defined({ name: pods['metricName'], selector: pods['selector'] }), [stage]: readValues(pods, stage) }),
    resource: resource && defined({ name: resource['name'], [stage]: readValues(resource, stage) }),
    containerResource: containerResource && defined({ name: containerResource['name'], container: containerResource['container'], [stage]: readValues(containerResource, stage) }),
    external: external && defined({ metric: defined({ name: external['metricName'], selector: external['metricSelector'] }), [stage]: readValues(external, stage) }),
  })
}

const capital = (stage: Stage, name: string): string => `${stage}${name}`

function readValues(source: JsonObject, stage: Stage): JsonObject {
  const averageUtilization = source[capital(stage, 'AverageUtilization')]
  const averageValue = source[capital(stage, 'AverageValue')] ?? source['averageValue']
  const value = source[capital(stage, 'Value')]
  const type = averageUtilization !== undefined ? 'Utilization' : averageValue !== undefined ? 'AverageValue' : 'Value'
  // An object's value is always printed in v1, also when its average is meant.
  return defined({ ...(stage === 'target' && { type }), averageUtilization, averageValue, value: stage === 'target' && type !== 'Value' ? undefined : value })
}

function writeMetric(metric: JsonObject, stage: Stage): JsonObject {
  const { object, pods, resource, containerResource, external } = Object.fromEntries(['object', 'pods', 'resource', 'containerResource', 'external'].map((name) => [name, part(metric, name)]))
  const identifier = (source: JsonObject): JsonObject => part(source, 'metric') ?? {}
  const values = (source: JsonObject): MetricTarget => (part(source, stage) ?? {}) as unknown as MetricTarget
  return defined({
    type: metric['type'],
    object:
      object &&
      defined({
        target: object['describedObject'],
        metricName: identifier(object)['name'],
        [capital(stage, 'Value')]: (values(object).value as Json | undefined) ?? '0',
        selector: identifier(object)['selector'],
        averageValue: values(object).averageValue as Json | undefined,
      }),
    pods: pods && defined({ metricName: identifier(pods)['name'], [capital(stage, 'AverageValue')]: (values(pods).averageValue as Json | undefined) ?? '0', selector: identifier(pods)['selector'] }),
    resource: resource && defined({ name: resource['name'], ...usage(values(resource), stage) }),
    containerResource: containerResource && defined({ name: containerResource['name'], ...usage(values(containerResource), stage), container: containerResource['container'] }),
    external:
      external &&
      defined({
        metricName: identifier(external)['name'],
        metricSelector: identifier(external)['selector'],
        [capital(stage, 'Value')]: values(external).value as Json | undefined,
        [capital(stage, 'AverageValue')]: values(external).averageValue as Json | undefined,
      }),
  })
}

/** In a status the amount is always printed. */
const usage = ({ averageUtilization, averageValue }: MetricTarget, stage: Stage): Readonly<Record<string, Json | undefined>> => ({
  [capital(stage, 'AverageUtilization')]: averageUtilization,
  [capital(stage, 'AverageValue')]: (averageValue as Json | undefined) ?? (stage === 'current' ? '0' : undefined),
})

/** The behaviour is carried in the names of Kubernetes' internal type. */
function writeRules(rules: HPAScalingRules | undefined): JsonObject | null {
  if (!rules) return null
  return {
    StabilizationWindowSeconds: rules.stabilizationWindowSeconds ?? null,
    SelectPolicy: rules.selectPolicy ?? null,
    Policies: rules.policies?.map(({ type, value, periodSeconds }) => ({ Type: type, Value: value, PeriodSeconds: periodSeconds })) ?? null,
    Tolerance: (rules.tolerance as Json | undefined) ?? null,
  }
}

/** Go reads names whatever their capitals. */
const lowered = (object: JsonObject): JsonObject => Object.fromEntries(Object.entries(object).map(([name, value]) => [name.toLowerCase(), value]))

function readBehavior(behavior: JsonObject): HorizontalPodAutoscalerBehavior {
  const { scaleup, scaledown } = lowered(behavior)
  return defined({ scaleUp: isJsonObject(scaleup) ? readRules(scaleup) : undefined, scaleDown: isJsonObject(scaledown) ? readRules(scaledown) : undefined }) as HorizontalPodAutoscalerBehavior
}

function readRules(rules: JsonObject): JsonObject {
  const { stabilizationwindowseconds: window, selectpolicy, policies, tolerance } = lowered(rules)
  const listed = Array.isArray(policies) ? (policies as readonly Json[]).filter(isJsonObject).map(lowered) : undefined
  return defined({
    stabilizationWindowSeconds: window ?? undefined,
    selectPolicy: selectpolicy ?? undefined,
    policies: listed?.map(({ type, value, periodseconds }) => ({ type: type ?? '', value: value ?? 0, periodSeconds: periodseconds ?? 0 })),
    tolerance: tolerance ?? undefined,
  })
}
