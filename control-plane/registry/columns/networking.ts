import type { EndpointPort, Endpoints, Ingress, IngressClass, IPAddress, NetworkPolicy, ServiceCIDR } from '../../../shared/model/gen/api.ts'
import type { TableColumn } from '../kind.ts'
import { ageSince } from './age.ts'
import { ageColumn, column, formatLabelSelector, nameColumn } from './columns.ts'

type Row = readonly string[]

export const ingressColumns: readonly TableColumn[] = [
  nameColumn,
  column('Class', 'The name of the IngressClass resource that should be used for additional configuration'),
  column('Hosts', 'Hosts that incoming requests are matched against before the ingress rule'),
  column('Address', 'Address is a list containing ingress points for the load-balancer'),
  column('Ports', 'Ports of TLS configurations that open'),
  ageColumn,
]

const HOSTS_SHOWN = 3

/** The first three hosts; what comes after them is counted in rules, with a host or without. */
function hostsText({ spec }: Ingress): string {
  const rules = spec?.rules ?? []
  const hosts = rules.flatMap(({ host }, index) => (host ? [{ host, index }] : []))
  if (hosts.length === 0) return '*'
  const shown = hosts
    .slice(0, HOSTS_SHOWN)
    .map(({ host }) => host)
    .join(',')
  const last = hosts[HOSTS_SHOWN - 1]
  return last && last.index < rules.length - 1 ? `${shown} + ${rules.length - HOSTS_SHOWN} more...` : shown
}

/** Each address once, in order. */
const addressesText = ({ status }: Ingress): string => [...new Set((status?.loadBalancer?.ingress ?? []).map((one) => one.ip || one.hostname || ''))].filter((one) => one !== '').toSorted().join(',')

export const ingressRow = (ingress: Ingress, nowMs: number): Row => [
  ingress.metadata.name ?? '',
  ingress.spec?.ingressClassName ?? '<none>',
  hostsText(ingress),
  addressesText(ingress),
  (ingress.spec?.tls ?? []).length > 0 ? '80, 443' : '80',
  ageSince(ingress.metadata.creationTimestamp, nowMs),
]

export const ingressClassColumns: readonly TableColumn[] = [
  nameColumn,
  column('Controller', 'Controller that is responsible for handling this class'),
  column('Parameters', 'A reference to a resource with additional parameters'),
  ageColumn,
]

function parametersText({ spec }: IngressClass): string {
  const parameters = spec?.parameters
  if (!parameters) return '<none>'
  return `${parameters.kind}${parameters.apiGroup ? `.${parameters.apiGroup}` : ''}/${parameters.name}`
}

const DEFAULT_CLASS = 'ingressclass.kubernetes.io/is-default-class'

export const ingressClassRow = (one: IngressClass, nowMs: number): Row => [`${one.metadata.name ?? ''}${one.metadata.annotations?.[DEFAULT_CLASS] === 'true' ? ' (default)' : ''}`, one.spec?.controller ?? '', parametersText(one), ageSince(one.metadata.creationTimestamp, nowMs)]

export const networkPolicyColumns: readonly TableColumn[] = [
  nameColumn,
  column(
    'Pod-Selector',
    'podSelector selects the pods to which this NetworkPolicy object applies. The array of ingress rules is applied to any pods selected by this field. Multiple network policies can select the same set of pods. In this case, the ingress rules for each are combined additively. This field is NOT optional and follows standard label selector semantics. An empty podSelector matches all pods in this namespace.',
  ),
  ageColumn,
]

export const networkPolicyRow = (policy: NetworkPolicy, nowMs: number): Row => [policy.metadata.name ?? '', formatLabelSelector(policy.spec?.podSelector ?? {}), ageSince(policy.metadata.creationTimestamp, nowMs)]

export const ipAddressColumns: readonly TableColumn[] = [nameColumn, column('ParentRef', 'ParentRef references the resource that an IPAddress is attached to. An IPAddress must reference a parent object.'), ageColumn]

function parentText({ spec }: IPAddress): string {
  const parent = spec?.parentRef
  if (!parent) return '<none>'
  const resource = parent.group ? `${parent.resource}.${parent.group}` : parent.resource
  return [resource.toLowerCase(), ...(parent.namespace ? [parent.namespace] : []), parent.name].join('/')
}

export const ipAddressRow = (one: IPAddress, nowMs: number): Row => [one.metadata.name ?? '', parentText(one), ageSince(one.metadata.creationTimestamp, nowMs)]

export const serviceCidrColumns: readonly TableColumn[] = [
  nameColumn,
  column('CIDRs', 'CIDRs defines the IP blocks in CIDR notation (e.g. "192.168.0.0/24" or "2001:db8::/64") from which to assign service cluster IPs. Max of two CIDRs is allowed, one of each IP family. This field is immutable.'),
  ageColumn,
]
export const serviceCidrRow = (one: ServiceCIDR, nowMs: number): Row => [one.metadata.name ?? '', (one.spec?.cidrs ?? []).join(','), ageSince(one.metadata.creationTimestamp, nowMs)]

export const endpointsColumns: readonly TableColumn[] = [
  nameColumn,
  column(
    'Endpoints',
    'The set of all endpoints is the union of all subsets. Addresses are placed into subsets according to the IPs they share. A single address with multiple ports, some of which are ready and some of which are not (because they come from different containers) will result in the address being displayed in different subsets for the different ports. No address will appear in both Addresses and NotReadyAddresses in the same subset. Sets of addresses and ports that comprise a service.',
  ),
  ageColumn,
]

const ADDRESSES_SHOWN = 3
const hostPort = (ip: string, { port }: EndpointPort): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)

/** Every ready address with every port; the first three of them. */
function endpointsText({ subsets = [] }: Endpoints): string {
  if (subsets.length === 0) return '<none>'
  const all = subsets.flatMap(({ addresses = [], ports = [] }) => (ports.length === 0 ? addresses.map(({ ip }) => ip) : ports.flatMap((port) => addresses.map(({ ip }) => hostPort(ip, port)))))
  const shown = all.slice(0, ADDRESSES_SHOWN).join(',')
  return all.length > ADDRESSES_SHOWN ? `${shown} + ${all.length - ADDRESSES_SHOWN} more...` : shown
}

export const endpointsRow = (endpoints: Endpoints, nowMs: number): Row => [endpoints.metadata.name ?? '', endpointsText(endpoints), ageSince(endpoints.metadata.creationTimestamp, nowMs)]
