/** What of a service hangs together with its addresses and ports, and what is filled in or carried over. PURE. */
import { deepEqual } from '../../../../shared/model/json.ts'
import type { Service, ServicePort, ServiceSpec } from '../../../../shared/model/gen/api.ts'

export const HEADLESS = 'None'

export const specOf = (service: Service): ServiceSpec => service.spec ?? {}
export const isHeadless = ({ clusterIP, clusterIPs }: ServiceSpec): boolean => clusterIP === HEADLESS || (clusterIPs?.length === 1 && clusterIPs[0] === HEADLESS)

export const needsClusterIp = ({ type }: ServiceSpec): boolean => type !== 'ExternalName'
export const needsNodePort = ({ type }: ServiceSpec): boolean => type === 'NodePort' || type === 'LoadBalancer'
export const needsHealthCheckPort = ({ type, externalTrafficPolicy }: ServiceSpec): boolean => type === 'LoadBalancer' && externalTrafficPolicy === 'Local'
/** A load balancer may do without node ports. */
export const givesNodePorts = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean => type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false)

/** Without the members that are `undefined`. */
function cleaned(spec: { readonly [K in keyof ServiceSpec]?: ServiceSpec[K] | undefined }): ServiceSpec {
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined)) as ServiceSpec
}

/** `clusterIP` and the first of `clusterIPs` are one: whoever speaks of one means both. */
export function syncedClusterIps(spec: ServiceSpec, old: ServiceSpec | undefined): ServiceSpec {
  const { clusterIP = '', clusterIPs = [] } = spec
  if (!old) return clusterIP !== '' && clusterIPs.length === 0 ? { ...spec, clusterIPs: [clusterIP] } : spec
  if ((old.clusterIP ?? '') === clusterIP || !deepEqual(clusterIPs, old.clusterIPs ?? [])) return spec
  return clusterIP === '' ? cleaned({ ...spec, clusterIPs: undefined }) : { ...spec, clusterIPs: [clusterIP] }
}

/** What was given out once and is not mentioned by the update stays. */
export function carriedOver(spec: ServiceSpec, old: ServiceSpec): ServiceSpec {
  let next = spec
  if (needsClusterIp(old) && needsClusterIp(next)) {
    next = cleaned({ ...next, clusterIP: next.clusterIP || old.clusterIP, clusterIPs: next.clusterIPs?.length ? next.clusterIPs : old.clusterIPs })
  }
  if (needsNodePort(old) && needsNodePort(next)) next = { ...next, ports: carriedPorts(next.ports ?? [], old.ports ?? []) }
  if (needsHealthCheckPort(old) && needsHealthCheckPort(next) && !next.healthCheckNodePort) next = cleaned({ ...next, healthCheckNodePort: old.healthCheckNodePort })
  return next
}

function carriedPorts(ports: readonly ServicePort[], old: readonly ServicePort[]): readonly ServicePort[] {
  const before = new Set(old.map((port) => port.nodePort ?? 0))
  const used = new Set(ports.map((port) => port.nodePort ?? 0).filter((port) => port !== 0 && before.has(port)))
  const byName = new Map(old.map((port) => [port.name ?? '', port.nodePort ?? 0]))
  return ports.map((port) => {
    const known = byName.get(port.name ?? '') ?? 0
    if (port.nodePort || known === 0 || used.has(known)) return port
    used.add(known)
    return { ...port, nodePort: known }
  })
}

/** A type that has no use for what another had, and an update that did not speak of it: it goes. */
export function withoutUnused(spec: ServiceSpec, old: ServiceSpec): ServiceSpec {
  const dropped: Record<string, undefined> = {}
  const drop = (...members: ReadonlyArray<keyof ServiceSpec>): void => {
    for (const member of members) if (deepEqual(spec[member], old[member])) dropped[member] = undefined
  }
  if (needsClusterIp(old) && !needsClusterIp(spec)) {
    if (deepEqual(spec.clusterIPs, old.clusterIPs)) Object.assign(dropped, { clusterIP: undefined, clusterIPs: undefined })
    drop('ipFamilies', 'ipFamilyPolicy')
  }
  if (needsHealthCheckPort(old) && !needsHealthCheckPort(spec)) drop('healthCheckNodePort')
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') drop('allocateLoadBalancerNodePorts', 'loadBalancerClass')
  const outside = (one: ServiceSpec): boolean => needsNodePort(one) || (one.type === 'ClusterIP' && (one.externalIPs?.length ?? 0) > 0)
  if (outside(old) && !outside(spec)) drop('externalTrafficPolicy')
  const next = cleaned({ ...spec, ...dropped })
  const had = new Set(nodePortsOf(old))
  const known = nodePortsOf(spec).every((port) => had.has(port))
  return next.ports && needsNodePort(old) && !needsNodePort(spec) && known ? { ...next, ports: next.ports.map(withoutNodePort) } : next
}

/** The ports that the service's own ports have on every node. */
export const nodePortsOf = (spec: ServiceSpec): readonly number[] => (spec.ports ?? []).map((port) => port.nodePort ?? 0).filter((port) => port !== 0)

function withoutNodePort({ nodePort: _nodePort, ...port }: ServicePort): ServicePort {
  return port
}

/** Every node port a service holds, each once. One of another type may name ports, and holds none. */
export function heldPorts(spec: ServiceSpec): readonly number[] {
  if (!needsNodePort(spec)) return []
  return [...new Set([...nodePortsOf(spec), ...(spec.healthCheckNodePort ? [spec.healthCheckNodePort] : [])])]
}

/** Every address a service holds. */
export const heldIps = (spec: ServiceSpec): readonly string[] => (spec.type === 'ExternalName' ? [] : (spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : [])).filter((ip) => ip !== '' && ip !== HEADLESS))
