import { duplicate, type FieldError, invalid, required, tooMany } from '../../../shared/model/field-error.ts'
import type { DiscoveryV1EndpointPort, Endpoint, EndpointHints, EndpointSlice } from '../../../shared/model/gen/api.ts'
import { parseIp } from '../../../shared/model/validation/ip.ts'
import { dns1123LabelProblems, dns1123SubdomainProblems, labelValueProblems, qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { validateLabels } from '../../../shared/model/validation/object-meta.ts'
import { endpointIp, ip } from './addresses.ts'
import { dnsLabel, dnsSubdomain, each, objections, oneOf, requiredOneOf } from './check.ts'
import { protocols } from './ports.ts'

const ENDPOINTS_MAX = 1000
const ADDRESSES_MAX = 100
const PORTS_MAX = 20_000
const TOPOLOGY_MAX = 16
const HINTS_MAX = 8

export const validateNewEndpointSlice = (slice: EndpointSlice): readonly FieldError[] => [
  ...requiredOneOf('addressType', slice.addressType, ['FQDN', 'IPv4', 'IPv6']),
  ...validateEndpoints(slice.endpoints ?? [], slice.addressType),
  ...validatePorts(slice.ports ?? []),
]

export function validateEndpointSliceChange(slice: EndpointSlice, old: EndpointSlice): readonly FieldError[] {
  const errors = validateNewEndpointSlice(slice)
  return slice.addressType === old.addressType ? errors : [...errors, invalid('addressType', slice.addressType, 'field is immutable')]
}

function validateEndpoints(endpoints: readonly Endpoint[], addressType: string): readonly FieldError[] {
  if (endpoints.length > ENDPOINTS_MAX) return [tooMany('endpoints', endpoints.length, ENDPOINTS_MAX)]
  return each(endpoints, 'endpoints', (endpoint, at) => validateEndpoint(endpoint, at, addressType))
}

function validateEndpoint(endpoint: Endpoint, path: string, addressType: string): readonly FieldError[] {
  const addresses = endpoint.addresses ?? []
  const field = `${path}.addresses`
  const errors: FieldError[] = []
  if (addresses.length === 0) errors.push(required(field, 'must contain at least 1 address'))
  else if (addresses.length > ADDRESSES_MAX) errors.push(tooMany(field, addresses.length, ADDRESSES_MAX))
  errors.push(...each(addresses, field, (address, at) => validateAddress(address, { at, field, addressType })))
  if (endpoint.nodeName !== undefined) errors.push(...dnsSubdomain(`${path}.nodeName`, endpoint.nodeName))
  const topology = Object.keys(endpoint.deprecatedTopology ?? {}).length
  if (topology > TOPOLOGY_MAX) errors.push(tooMany(`${path}.deprecatedTopology`, topology, TOPOLOGY_MAX))
  errors.push(...validateLabels(endpoint.deprecatedTopology, `${path}.deprecatedTopology`))
  if (endpoint.hostname !== undefined) errors.push(...dnsLabel(`${path}.hostname`, endpoint.hostname))
  return endpoint.hints ? [...errors, ...validateHints(endpoint.hints, `${path}.hints`)] : errors
}

function validateAddress(address: string, { at, field, addressType }: { readonly at: string; readonly field: string; readonly addressType: string }): readonly FieldError[] {
  if (addressType === 'FQDN') return validateDomainName(address, at)
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return []
  const unreadable = ip(at, address)
  if (unreadable.length > 0) return unreadable
  const family = `IPv${parseIp(address)?.family}`
  return [...(family === addressType ? [] : [invalid(field, address, `must be an ${addressType} address`)]), ...endpointIp(at, address)]
}

function validateDomainName(name: string, field: string): readonly FieldError[] {
  if (name === '') return [required(field)]
  const trimmed = name.replace(/\.$/, '')
  const problems = dns1123SubdomainProblems(trimmed)
  if (problems.length > 0) return [invalid(field, trimmed, problems.join(','))]
  if (!trimmed.includes('.')) return [invalid(field, trimmed, 'should be a domain with at least two segments separated by dots')]
  const [label] = trimmed.split('.').filter((one) => dns1123LabelProblems(one).length > 0)
  return label === undefined ? [] : [invalid(field, label, dns1123LabelProblems(label).join(','))]
}

function validateHints({ forZones = [], forNodes = [] }: EndpointHints, path: string): readonly FieldError[] {
  if (forZones.length > HINTS_MAX) return [tooMany(`${path}.forZones`, forZones.length, HINTS_MAX)]
  const zones = validateNamed(forZones, `${path}.forZones`, labelValueProblems)
  if (forNodes.length > HINTS_MAX) return [...zones, tooMany(`${path}.forNodes`, forNodes.length, HINTS_MAX)]
  return [...zones, ...validateNamed(forNodes, `${path}.forNodes`, dns1123SubdomainProblems)]
}

function validateNamed(items: ReadonlyArray<{ readonly name: string }>, path: string, problems: (name: string) => readonly string[]): readonly FieldError[] {
  const names = items.map(({ name }) => name)
  return each(items, path, ({ name }, at, index) => [...(names.indexOf(name) < index ? [duplicate(`${at}.name`, name)] : []), ...objections(`${at}.name`, name, problems(name))])
}

function validatePorts(ports: readonly DiscoveryV1EndpointPort[]): readonly FieldError[] {
  if (ports.length > PORTS_MAX) return [tooMany('ports', ports.length, PORTS_MAX)]
  const names = new Set<string>()
  return each(ports, 'ports', ({ name = '', protocol, appProtocol }, at) => {
    const errors: FieldError[] = name === '' ? [] : [...dnsLabel(`${at}.name`, name)]
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name))
    names.add(name)
    errors.push(...oneOf(`${at}.protocol`, protocol, protocols))
    return appProtocol === undefined ? errors : [...errors, ...objections(`${at}.appProtocol`, appProtocol, qualifiedNameProblems(appProtocol))]
  })
}
