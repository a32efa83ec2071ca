import { type FieldError, forbidden, invalid, required } from '../../../shared/model/field-error.ts'
import type { ServiceSpec } from '../../../shared/model/gen/api.ts'
import { portNumberProblems } from '../../../shared/model/validation/numbers.ts'
import { isExternallyAccessible } from '../defaults/service.ts'
import { objections, oneOf, requiredOneOf } from './check.ts'

const DAY_SECONDS = 86_400

/** Whether calls of one client go to one endpoint, and for how long. */
export function validateAffinity({ sessionAffinity, sessionAffinityConfig: config }: ServiceSpec): readonly FieldError[] {
  const path = 'spec.sessionAffinityConfig'
  const errors = [...requiredOneOf('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None'])]
  if (sessionAffinity === 'None' && config) errors.push(forbidden(path, 'must not be set when session affinity is None'))
  if (sessionAffinity !== 'ClientIP') return errors
  const when = 'when session affinity type is ClientIP'
  if (!config) return [...errors, required(path, when)]
  if (!config.clientIP) return [...errors, required(`${path}.clientIP`, when)]
  const { timeoutSeconds } = config.clientIP
  const field = `${path}.clientIP.timeoutSeconds`
  if (timeoutSeconds === undefined) return [...errors, required(field, when)]
  return timeoutSeconds <= 0 || timeoutSeconds > DAY_SECONDS ? [...errors, invalid(field, timeoutSeconds, `must be greater than 0 and less than ${DAY_SECONDS}`)] : errors
}

const policies = ['Cluster', 'Local'] as const

/** Where traffic from outside and from inside may end. */
export function validateTraffic(spec: ServiceSpec): readonly FieldError[] {
  const { externalTrafficPolicy: external = '', internalTrafficPolicy: internal, healthCheckNodePort = 0, trafficDistribution } = spec
  const errors: FieldError[] = []
  if (isExternallyAccessible(spec)) errors.push(...requiredOneOf('spec.externalTrafficPolicy', external, policies))
  else if (external !== '') errors.push(invalid('spec.externalTrafficPolicy', external, 'may only be set for externally-accessible services'))
  if (spec.type === 'LoadBalancer' && external === 'Local') {
    if (healthCheckNodePort !== 0) errors.push(...objections('spec.healthCheckNodePort', healthCheckNodePort, portNumberProblems(healthCheckNodePort)))
  } else if (healthCheckNodePort !== 0) errors.push(invalid('spec.healthCheckNodePort', healthCheckNodePort, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"))
  if (internal !== undefined) errors.push(...oneOf('spec.internalTrafficPolicy', internal, policies))
  else if (spec.type === 'NodePort' || spec.type === 'LoadBalancer' || spec.type === 'ClusterIP') errors.push(required('spec.internalTrafficPolicy'))
  if (trafficDistribution !== undefined) errors.push(...oneOf('spec.trafficDistribution', trafficDistribution, ['PreferClose', 'PreferSameNode', 'PreferSameZone']))
  return errors
}
