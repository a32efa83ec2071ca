import { type FieldError, required } from '../../../shared/model/field-error.ts'
import type { EndpointAddress, EndpointPort, Endpoints, EndpointSubset } from '../../../shared/model/gen/api.ts'
import { qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { portNumberProblems } from '../../../shared/model/validation/numbers.ts'
import { endpointIp, ip } from './addresses.ts'
import { dnsLabel, dnsSubdomain, each, objections, requiredOneOf } from './check.ts'
import { protocols } from './ports.ts'

export const validateNewEndpoints = ({ subsets }: Endpoints): readonly FieldError[] => validateSubsets(subsets, new Set())

/** Addresses that stand there already may stay as they are written. */
export function validateEndpointsChange({ subsets }: Endpoints, old: Endpoints): readonly FieldError[] {
  const known = (old.subsets ?? []).flatMap(({ addresses = [], notReadyAddresses = [] }) => [...addresses, ...notReadyAddresses].map((one) => one.ip))
  return validateSubsets(subsets, new Set(known))
}

const validateSubsets = (subsets: readonly EndpointSubset[] | undefined, known: ReadonlySet<string>): readonly FieldError[] =>
  each(subsets, 'subsets', ({ addresses = [], notReadyAddresses = [], ports = [] }, at) => [
    ...(addresses.length + notReadyAddresses.length === 0 ? [required(at, 'must specify `addresses` or `notReadyAddresses`')] : []),
    ...each(addresses, `${at}.addresses`, (address, place) => validateAddress(address, place, known)),
    ...each(notReadyAddresses, `${at}.notReadyAddresses`, (address, place) => validateAddress(address, place, known)),
    ...each(ports, `${at}.ports`, (port, place) => validatePort(port, place, ports.length > 1)),
  ])

function validateAddress({ ip: address, hostname, nodeName }: EndpointAddress, path: string, known: ReadonlySet<string>): readonly FieldError[] {
  return [
    ...(known.has(address) ? [] : ip(`${path}.ip`, address)),
    ...(hostname ? dnsLabel(`${path}.hostname`, hostname) : []),
    ...(nodeName === undefined ? [] : dnsSubdomain(`${path}.nodeName`, nodeName)),
    ...endpointIp(`${path}.ip`, address),
  ]
}

const validatePort = ({ name = '', port, protocol, appProtocol }: EndpointPort, path: string, named: boolean): readonly FieldError[] => [
  ...(name === '' ? (named ? [required(`${path}.name`)] : []) : dnsLabel(`${path}.name`, name)),
  ...objections(`${path}.port`, port ?? 0, portNumberProblems(port ?? 0)),
  ...requiredOneOf(`${path}.protocol`, protocol, protocols),
  ...(appProtocol === undefined ? [] : appProtocolErrors(`${path}.appProtocol`, appProtocol)),
]

const appProtocolErrors = (field: string, name: string): readonly FieldError[] => objections(field, name, qualifiedNameProblems(name))
