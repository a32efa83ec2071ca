import { type FieldError, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { AutoscalingV2CrossVersionObjectReference, AutoscalingV2HorizontalPodAutoscaler, AutoscalingV2HorizontalPodAutoscalerSpec, HPAScalingPolicy, HPAScalingRules } from '../../../shared/model/gen/api.ts'
import { compareQuantities } from '../../../shared/model/quantity.ts'
import type { StrategyContext } from '../kind.ts'
import { each, nonNegative, oneOf } from './check.ts'
import { validateGroupVersion, validateMetrics, validateNamed } from './hpa-metrics.ts'

type Autoscaler = AutoscalingV2HorizontalPodAutoscaler

const STABILIZATION_MAX_SECONDS = 3600
const PERIOD_MAX_SECONDS = 1800

export const validateNewAutoscaler = ({ spec }: Autoscaler): readonly FieldError[] => validateSpec(spec, 'spec', undefined)

export function validateAutoscalerChange(autoscaler: Autoscaler, old: Autoscaler, { subresource }: StrategyContext): readonly FieldError[] {
  if (subresource !== 'status') return validateSpec(autoscaler.spec, 'spec', old.spec)
  const { status } = autoscaler
  return [...nonNegative('status.currentReplicas', status?.currentReplicas), ...nonNegative('status.desiredReplicas', status?.desiredReplicas)]
}

function validateSpec(spec: Partial<AutoscalingV2HorizontalPodAutoscalerSpec> = {}, path: string, old: AutoscalingV2HorizontalPodAutoscalerSpec | undefined): readonly FieldError[] {
  // Who scales to zero already, or names no group, may go on with it.
  const lowest = old?.minReplicas === 0 ? 0 : 1
  const before = old?.scaleTargetRef
  const groupless = before !== undefined && validateGroup(before, '').length > 0
  const target = spec.scaleTargetRef ?? { kind: '', name: '' }
  const { minReplicas, maxReplicas = 0, behavior, metrics } = spec
  const errors: FieldError[] = []
  if (minReplicas !== undefined && minReplicas < lowest) errors.push(invalid(`${path}.minReplicas`, minReplicas, `must be greater than or equal to ${lowest}`))
  if (maxReplicas < 1) errors.push(maxReplicas === 0 ? required(`${path}.maxReplicas`, 'must be set and greater than 0') : invalid(`${path}.maxReplicas`, maxReplicas, 'must be greater than 0'))
  if (minReplicas !== undefined && maxReplicas < minReplicas) errors.push(invalid(`${path}.maxReplicas`, maxReplicas, 'must be greater than or equal to `minReplicas`'))
  return [
    ...errors,
    ...validateNamed(target, `${path}.scaleTargetRef`),
    ...(groupless ? [] : validateGroup(target, `${path}.scaleTargetRef.apiVersion`)),
    ...validateMetrics(metrics, `${path}.metrics`, minReplicas),
    ...validateRules(behavior?.scaleUp, `${path}.behavior.scaleUp`),
    ...validateRules(behavior?.scaleDown, `${path}.behavior.scaleDown`),
  ]
}

/** What is to be scaled: nothing of the core group but ReplicationControllers can be. */
function validateGroup({ apiVersion = '', kind }: AutoscalingV2CrossVersionObjectReference, field: string): readonly FieldError[] {
  const parts = apiVersion.split('/')
  if (parts.length > 2) return validateGroupVersion(apiVersion, field)
  const grouped = parts.length === 2 && parts[0] !== ''
  return grouped || kind === 'ReplicationController' ? [] : [invalid(field, apiVersion, 'apiVersion must specify API group')]
}

function validateRules(rules: HPAScalingRules | undefined, path: string): readonly FieldError[] {
  if (!rules) return []
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules
  const errors: FieldError[] = []
  const field = `${path}.stabilizationWindowSeconds`
  if (window !== undefined && window < 0) errors.push(invalid(field, window, 'must be greater than or equal to zero'))
  if (window !== undefined && window > STABILIZATION_MAX_SECONDS) errors.push(invalid(field, window, `must be less than or equal to ${STABILIZATION_MAX_SECONDS}`))
  if (selectPolicy !== undefined) errors.push(...oneOf(`${path}.selectPolicy`, selectPolicy, ['Disabled', 'Max', 'Min']))
  if (policies.length === 0) errors.push(required(`${path}.policies`, 'must specify at least one Policy'))
  errors.push(...each(policies, `${path}.policies`, validatePolicy))
  if (tolerance !== undefined && compareQuantities(String(tolerance), '0') < 0) errors.push(invalid(`${path}.tolerance`, tolerance, 'must be greater than or equal to 0'))
  return errors
}

function validatePolicy({ type, value, periodSeconds }: HPAScalingPolicy, path: string): readonly FieldError[] {
  const errors: FieldError[] = type === 'Pods' || type === 'Percent' ? [] : [notSupported(`${path}.type`, type, ['Percent', 'Pods'])]
  if (value <= 0) errors.push(invalid(`${path}.value`, value, 'must be greater than zero'))
  if (periodSeconds <= 0) errors.push(invalid(`${path}.periodSeconds`, periodSeconds, 'must be greater than zero'))
  if (periodSeconds > PERIOD_MAX_SECONDS) errors.push(invalid(`${path}.periodSeconds`, periodSeconds, `must be less than or equal to ${PERIOD_MAX_SECONDS}`))
  return errors
}
