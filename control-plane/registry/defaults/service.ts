import type { Service, ServicePort, ServiceSpec } from '../../../shared/model/gen/api.ts'
import { fillAbsent, fillZero, mapItems, mapMember, without } from './fill.ts'

const AFFINITY_SECONDS = 10_800

export const isExternallyAccessible = (spec: ServiceSpec): boolean =>
  spec.type === 'LoadBalancer' || spec.type === 'NodePort' || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0)

/** A target port of 0 or '' is no target port: the service's own port is meant. */
function defaultPort(port: ServicePort): ServicePort {
  return fillZero(fillZero(port, { protocol: 'TCP' }), { targetPort: port.port })
}

function defaultAffinity(spec: ServiceSpec): ServiceSpec {
  const named = fillZero(spec, { sessionAffinity: 'None' })
  if (named.sessionAffinity === 'None') return without(named, 'sessionAffinityConfig')
  if (named.sessionAffinity !== 'ClientIP') return named
  const timeout = named.sessionAffinityConfig?.clientIP?.timeoutSeconds
  return timeout === undefined ? { ...named, sessionAffinityConfig: { clientIP: { timeoutSeconds: AFFINITY_SECONDS } } } : named
}

function defaultTraffic(spec: ServiceSpec): ServiceSpec {
  const external = isExternallyAccessible(spec) ? fillZero(spec, { externalTrafficPolicy: 'Cluster' }) : spec
  const inside = spec.type === 'ExternalName' ? external : fillAbsent(external, { internalTrafficPolicy: 'Cluster' })
  return spec.type === 'LoadBalancer' ? fillAbsent(inside, { allocateLoadBalancerNodePorts: true }) : inside
}

export const defaultService = (service: Service): Service =>
  mapMember(service, 'spec', (spec) => defaultTraffic(mapItems<ServiceSpec, ServicePort>(fillZero(defaultAffinity(spec), { type: 'ClusterIP' }), 'ports', defaultPort)))
