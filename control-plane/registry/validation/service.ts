import { duplicate, type FieldError, forbidden, invalid, required } from '../../../shared/model/field-error.ts'
import type { Service, ServicePort, ServiceSpec } from '../../../shared/model/gen/api.ts'
import { qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { portNumberProblems } from '../../../shared/model/validation/numbers.ts'
import { validateLabels } from '../../../shared/model/validation/object-meta.ts'
import { quotedList } from '../../../shared/model/schemas/sent-empty.ts'
import type { StrategyContext } from '../kind.ts'
import { endpointIp, ip } from './addresses.ts'
import { dnsLabel, dnsSubdomain, each, objections, requiredOneOf } from './check.ts'
import { protocols, validatePortReference } from './ports.ts'
import { validateLoadBalancer, validateLoadBalancerChange, validateLoadBalancerStatus } from './service-load-balancer.ts'
import { validateAffinity, validateTraffic } from './service-traffic.ts'

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'] as const
const KUBELET_PORT = 10_250
const OLD_HINTS = 'service.kubernetes.io/topology-aware-hints'
const HINTS = 'service.kubernetes.io/topology-mode'

export const validateNewService = (service: Service): readonly FieldError[] => validateService(service)

/** Addresses, families and their policy are judged where they are given out; here is what else must hold of them. */
export function validateServiceChange(service: Service, old: Service, { subresource }: StrategyContext): readonly FieldError[] {
  if (subresource === 'status') return validateLoadBalancerStatus(service)
  const spec = service.spec ?? {}
  const before = old.spec ?? {}
  return [...validateGiven(spec, before), ...validateLoadBalancerChange(spec, before), ...validateService(service)]
}

const isHeadless = ({ clusterIP, clusterIPs }: ServiceSpec): boolean => clusterIP === 'None' || (clusterIPs?.length === 1 && clusterIPs[0] === 'None')

function validateService(service: Service): readonly FieldError[] {
  const spec = service.spec ?? {}
  const ports = spec.ports ?? []
  const names = new Set<string>()
  return [
    ...validateHints(service.metadata.annotations ?? {}),
    ...(ports.length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName' ? [required('spec.ports')] : []),
    ...validateType(spec),
    ...each(ports, 'spec.ports', (port, at) => validatePort(port, at, { names, named: ports.length > 1 })),
    ...validateLabels(spec.selector, 'spec.selector'),
    ...validateAffinity(spec),
    ...each(spec.externalIPs, 'spec.externalIPs', validateExternalIp),
    ...requiredOneOf('spec.type', spec.type, types),
    ...validateNodePorts(spec),
    ...validateRepeated(ports),
    ...validateLoadBalancer(service),
    ...validateTraffic(spec),
  ]
}

function validateExternalIp(address: string, field: string): readonly FieldError[] {
  const errors = ip(field, address)
  return errors.length > 0 ? errors : endpointIp(field, address)
}

function validateHints(annotations: Readonly<Record<string, string>>): readonly FieldError[] {
  const [old, mode] = [annotations[OLD_HINTS], annotations[HINTS]]
  return old !== undefined && mode !== undefined && old !== mode ? [invalid(`metadata.annotations[${HINTS}]`, mode, `must match annotations[${OLD_HINTS}] when both are specified`)] : []
}

function validateType(spec: ServiceSpec): readonly FieldError[] {
  const headless = isHeadless(spec) ? [invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`)] : []
  switch (spec.type) {
    case 'LoadBalancer':
      return [...each(spec.ports, 'spec.ports', ({ port }, at) => (port === KUBELET_PORT ? [invalid(at, port, `may not expose port ${port} externally since it is used by kubelet`)] : [])), ...headless]
    case 'NodePort':
      return headless
    case 'ExternalName':
      return validateExternalName(spec)
    default:
      return []
  }
}

function validateExternalName(spec: ServiceSpec): readonly FieldError[] {
  const not = 'may not be set for ExternalName services'
  const errors: FieldError[] = []
  if (spec.clusterIPs?.length) errors.push(forbidden('spec.clusterIPs', not))
  if (spec.ipFamilies?.length) errors.push(forbidden('spec.ipFamilies', not))
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbidden('spec.ipFamilyPolicy', not))
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  return [...errors, ...(name === '' ? [required('spec.externalName')] : dnsSubdomain('spec.externalName', name))]
}

function validatePort(port: ServicePort, path: string, { names, named }: { readonly names: Set<string>; readonly named: boolean }): readonly FieldError[] {
  const { name = '' } = port
  const errors: FieldError[] = []
  if (name === '' && named) errors.push(required(`${path}.name`))
  else if (name !== '') {
    errors.push(...dnsLabel(`${path}.name`, name))
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name))
    names.add(name)
  }
  return [
    ...errors,
    ...objections(`${path}.port`, port.port, portNumberProblems(port.port)),
    ...requiredOneOf(`${path}.protocol`, port.protocol, protocols),
    ...validatePortReference(port.targetPort, `${path}.targetPort`),
    ...(port.appProtocol === undefined ? [] : objections(`${path}.appProtocol`, port.appProtocol, qualifiedNameProblems(port.appProtocol))),
  ]
}

function validateNodePorts({ type, ports }: ServiceSpec): readonly FieldError[] {
  const seen = new Set<string>()
  const unused = type === 'ClusterIP' ? each(ports, 'spec.ports', ({ nodePort }, at) => (nodePort ? [forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'")] : [])) : []
  const twice = each(ports, 'spec.ports', ({ nodePort, protocol }, at) => {
    if (!nodePort) return []
    const key = `${protocol} ${nodePort}`
    if (seen.has(key)) return [duplicate(`${at}.nodePort`, nodePort)]
    seen.add(key)
    return []
  })
  return [...unused, ...twice]
}

/** A port is its number and its protocol; what else it says makes it no other port. */
function validateRepeated(ports: readonly ServicePort[]): readonly FieldError[] {
  const seen = new Set<string>()
  return each(ports, 'spec.ports', ({ port, protocol = '' }, at) => {
    const key = `${protocol} ${port}`
    if (seen.has(key)) return [duplicate(at, { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 })]
    seen.add(key)
    return []
  })
}

/** An address stays the service's as long as it has one; families that do not go with it were refused before. */
function validateGiven(spec: ServiceSpec, before: ServiceSpec): readonly FieldError[] {
  if (spec.type === 'ExternalName' || before.type === 'ExternalName') return []
  const ips = spec.clusterIPs ?? []
  return (before.clusterIPs ?? []).flatMap((one, index) => (ips[index] === one ? [] : [invalid(`spec.clusterIPs[${index}]`, quotedList(spec, 'clusterIPs', spec.clusterIPs), 'may not change once set')]))
}
