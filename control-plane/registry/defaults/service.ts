import type { LoadBalancerIngress, Service, ServicePort, ServiceSpec } from '../../../shared/model/gen/api.ts'
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

const defaultSpec = (spec: ServiceSpec): ServiceSpec => defaultTraffic(mapItems<ServiceSpec, ServicePort>(fillZero(defaultAffinity(spec), { type: 'ClusterIP' }), 'ports', defaultPort))

/** An address of a load balancer is one that traffic is sent to as it came. */
const defaultIngress = (ingress: LoadBalancerIngress): LoadBalancerIngress => (ingress.ip ? fillAbsent(ingress, { ipMode: 'VIP' }) : ingress)

export function defaultService(service: Service): Service {
  const specified = mapMember(fillAbsent(service, { spec: {}, status: {} }), 'spec', defaultSpec)
  return mapMember(specified, 'status', (status) => mapMember(fillAbsent(status, { loadBalancer: {} }), 'loadBalancer', (balancer) => (specified.spec?.type === 'LoadBalancer' ? mapItems(balancer, 'ingress', defaultIngress) : balancer)))
}
