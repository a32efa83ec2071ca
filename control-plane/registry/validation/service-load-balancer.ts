import { type FieldError, forbidden, invalid, required } from '../../../shared/model/field-error.ts'
import type { LoadBalancerIngress, Service, ServiceSpec } from '../../../shared/model/gen/api.ts'
import { parseIp } from '../../../shared/model/validation/ip.ts'
import { qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { cidr, ip } from './addresses.ts'
import { dnsSubdomain, each, objections, oneOf } from './check.ts'

const RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges'
const ONLY = "may only be used when `type` is 'LoadBalancer'"

/** Fields that only a load balancer has. */
export function validateLoadBalancer(service: Service): readonly FieldError[] {
  const spec = service.spec ?? {}
  const balances = spec.type === 'LoadBalancer'
  const errors = [...validateRanges(service, balances)]
  const field = 'spec.allocateLoadBalancerNodePorts'
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balances) errors.push(forbidden(field, ONLY))
  if (spec.allocateLoadBalancerNodePorts === undefined && balances) errors.push(required(field))
  return [...errors, ...validateClass(spec)]
}

const validateClass = ({ type, loadBalancerClass: name }: ServiceSpec): readonly FieldError[] => {
  if (name === undefined) return []
  return type === 'LoadBalancer' ? objections('spec.loadBalancerClass', name, qualifiedNameProblems(name)) : [forbidden('spec.loadBalancerClass', ONLY)]
}

/** The class is chosen when a service becomes a load balancer, and stays; the port of its health checks stays as long as it is needed. */
export function validateLoadBalancerChange(spec: ServiceSpec, before: ServiceSpec): readonly FieldError[] {
  const balances = spec.type === 'LoadBalancer' && before.type === 'LoadBalancer'
  const checks = balances && spec.externalTrafficPolicy === 'Local' && before.externalTrafficPolicy === 'Local'
  return [
    ...(balances && spec.loadBalancerClass !== before.loadBalancerClass ? [invalid('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set')] : []),
    ...validateClass(spec),
    ...(checks && spec.healthCheckNodePort !== before.healthCheckNodePort ? [forbidden('spec.healthCheckNodePort', 'field is immutable')] : []),
  ]
}

function validateRanges({ metadata, spec }: Service, balances: boolean): readonly FieldError[] {
  const ranges = spec?.loadBalancerSourceRanges ?? []
  const annotation = metadata.annotations?.[RANGES]
  if (ranges.length > 0) {
    const path = 'spec.LoadBalancerSourceRanges'
    return [...(balances ? [] : [forbidden(path, ONLY)]), ...each(ranges, path, (range, at) => cidr(at, range.trim()))]
  }
  if (annotation === undefined) return []
  const path = `metadata.annotations[${RANGES}]`
  const listed = annotation.trim() === '' ? [] : annotation.trim().split(',')
  return [...(balances ? [] : [forbidden(path, ONLY)]), ...listed.flatMap((range) => cidr(path, range.trim()))]
}

/** What a load balancer says of where it can be reached. */
export function validateLoadBalancerStatus({ spec, status }: Service): readonly FieldError[] {
  const path = 'status.loadBalancer.ingress'
  const ingress = status?.loadBalancer?.ingress ?? []
  if (ingress.length > 0 && spec?.type !== 'LoadBalancer') return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
  return each(ingress, path, validateIngress)
}

function validateIngress({ ip: address, ipMode, hostname }: LoadBalancerIngress, path: string): readonly FieldError[] {
  const errors: FieldError[] = address ? [...ip(`${path}.ip`, address)] : []
  if (ipMode === undefined) {
    if (address) errors.push(required(`${path}.ipMode`, 'must be specified when `ip` is set'))
  } else if (!address) errors.push(forbidden(`${path}.ipMode`, 'may not be specified when `ip` is not set'))
  else errors.push(...oneOf(`${path}.ipMode`, ipMode, ['Proxy', 'VIP']))
  if (!hostname) return errors
  errors.push(...dnsSubdomain(`${path}.hostname`, hostname))
  return parseIp(hostname) ? [...errors, invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address')] : errors
}
