import type { Endpoint, EndpointSlice, Service, ServicePort as ServicePortSpec } from '../../shared/model/gen/api.ts'
import { nameOf, namespaceOf, objectKey } from '../../shared/model/meta.ts'
import type { ServicePort } from './port.ts'

const SERVICE_NAME = 'kubernetes.io/service-name'
const OTHER_PROXY = 'service.kubernetes.io/service-proxy-name'
/** `v1.DefaultClientIPServiceAffinitySeconds` */
const DEFAULT_AFFINITY_SECONDS = 10_800

/**
 * What a node programs for these Services, as Kubernetes' proxy would (IPv4). Pure; the same objects give the same answer in the same order.
 * Left out: headless and ExternalName Services, and those another proxy serves.
 */
export function servicePorts(services: readonly Service[], slices: readonly EndpointSlice[], nodeName: string): readonly ServicePort[] {
  const byService = groupSlices(slices)
  return services
    .filter(isServed)
    .flatMap((service) => (service.spec?.ports ?? []).map((port) => servicePort(service, port, { slices: byService.get(objectKey(namespaceOf(service), nameOf(service))) ?? [], nodeName })))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function isServed(service: Service): boolean {
  const clusterIP = service.spec?.clusterIP ?? ''
  return service.spec?.type !== 'ExternalName' && clusterIP !== '' && clusterIP !== 'None' && service.metadata.labels?.[OTHER_PROXY] === undefined
}

function groupSlices(slices: readonly EndpointSlice[]): ReadonlyMap<string, readonly EndpointSlice[]> {
  const grouped = new Map<string, EndpointSlice[]>()
  for (const slice of slices) {
    const name = slice.metadata.labels?.[SERVICE_NAME]
    if (name === undefined || slice.addressType !== 'IPv4') continue
    const key = objectKey(namespaceOf(slice), name)
    const list = grouped.get(key)
    if (list === undefined) grouped.set(key, [slice])
    else list.push(slice)
  }
  return grouped
}

interface Surroundings {
  readonly slices: readonly EndpointSlice[]
  readonly nodeName: string
}

function servicePort(service: Service, port: ServicePortSpec, { slices, nodeName }: Surroundings): ServicePort {
  const { spec } = service
  const all = endpointsOf(slices, port)
  const nodePort = (spec?.type === 'NodePort' || spec?.type === 'LoadBalancer') && port.nodePort !== undefined && port.nodePort !== 0 ? port.nodePort : undefined
  const loadBalancerIPs = (service.status?.loadBalancer?.ingress ?? []).filter(({ ip, ipMode }) => ip !== undefined && (ipMode ?? 'VIP') === 'VIP').map(({ ip }) => ip ?? '')
  return {
    name: `${objectKey(namespaceOf(service), nameOf(service))}:${port.name ?? ''}`,
    protocol: protocolOf(port.protocol),
    clusterIPs: [...new Set([spec?.clusterIP ?? '', ...(spec?.clusterIPs ?? [])])].filter(isIPv4),
    externalIPs: [...new Set([...(spec?.externalIPs ?? []), ...(spec?.type === 'LoadBalancer' ? loadBalancerIPs : [])])].filter(isIPv4),
    port: port.port,
    ...(nodePort === undefined ? {} : { nodePort }),
    ...(spec?.sessionAffinity === 'ClientIP' ? { affinitySeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS } : {}),
    endpoints: usable(all),
    internalLocal: spec?.internalTrafficPolicy === 'Local',
    externalLocal: spec?.externalTrafficPolicy === 'Local',
    localEndpoints: usable(all.filter(({ endpoint }) => endpoint.nodeName === nodeName)),
  }
}

interface Candidate {
  readonly ip: string
  readonly port: number
  readonly endpoint: Endpoint
}

/** Every endpoint of that port once (two slices may both hold it while a controller moves it). */
function endpointsOf(slices: readonly EndpointSlice[], port: ServicePortSpec): readonly Candidate[] {
  const found = new Map<string, Candidate>()
  for (const slice of slices) {
    const match = slice.ports?.find((candidate) => (candidate.name ?? '') === (port.name ?? '') && protocolOf(candidate.protocol) === protocolOf(port.protocol))
    if (match?.port === undefined) continue
    for (const endpoint of slice.endpoints ?? []) {
      const [ip] = endpoint.addresses
      if (ip === undefined || !isIPv4(ip)) continue
      const key = `${ip}:${match.port}`
      const known = found.get(key)
      if (known === undefined || (!isReady(known.endpoint) && isReady(endpoint))) found.set(key, { ip, port: match.port, endpoint })
    }
  }
  return [...found.values()]
}

/** The ready ones; when there is none, those that end but still serve, so that the last ones can finish in peace. Sorted: a reordered slice changes no rule. */
function usable(candidates: readonly Candidate[]): ServicePort['endpoints'] {
  const ready = candidates.filter(({ endpoint }) => isReady(endpoint))
  const chosen = ready.length > 0 ? ready : candidates.filter(({ endpoint }) => isServingAndTerminating(endpoint))
  return chosen.map(({ ip, port }) => ({ ip, port })).sort((a, b) => (a.ip === b.ip ? a.port - b.port : a.ip < b.ip ? -1 : 1))
}

/** Unset means true (discovery/v1, EndpointConditions). */
const isReady = (endpoint: Endpoint): boolean => endpoint.conditions?.ready !== false
const isServingAndTerminating = ({ conditions }: Endpoint): boolean => conditions?.terminating === true && (conditions.serving ?? conditions.ready ?? true)

const isIPv4 = (ip: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(ip)

const protocolOf = (protocol: string | undefined): ServicePort['protocol'] => (protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP')
