import type { Endpoints, EndpointSlice, Ingress, NetworkPolicy, NetworkPolicyPeer } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import type { StrategyContext } from '../kind.ts'
import { cidrWarnings, ipWarnings } from './addresses.ts'

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class'

export function ingressWarnings({ metadata, spec, status }: Ingress, old: Ingress | undefined, { subresource }: StrategyContext): readonly string[] {
  if (subresource === 'status') return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, index) => (ip ? ipWarnings(`status.loadBalancer.ingress[${index}].ip`, ip) : []))
  if (old || metadata.annotations?.[CLASS_ANNOTATION] === undefined || spec?.ingressClassName !== undefined) return []
  return [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`]
}

function peerWarnings(peers: readonly NetworkPolicyPeer[] | undefined, path: string): readonly string[] {
  return (peers ?? []).flatMap(({ ipBlock }, index) => {
    const at = `${path}[${index}].ipBlock`
    return ipBlock ? [...cidrWarnings(`${at}.cidr`, ipBlock.cidr), ...(ipBlock.except ?? []).flatMap((range, place) => cidrWarnings(`${at}.except[${place}]`, range))] : []
  })
}

export const networkPolicyWarnings = ({ spec }: NetworkPolicy): readonly string[] => [
  ...(spec?.ingress ?? []).flatMap(({ from }, index) => peerWarnings(from, `spec.ingress[${index}].from`)),
  ...(spec?.egress ?? []).flatMap(({ to }, index) => peerWarnings(to, `spec.egress[${index}].to`)),
]

export function endpointsWarnings({ subsets = [] }: Endpoints, old: Endpoints | undefined): readonly string[] {
  if (old && deepEqual(subsets, old.subsets ?? [])) return []
  return subsets.flatMap((subset, index) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((list) => (subset[list] ?? []).flatMap(({ ip }, at) => ipWarnings(`subsets[${index}].${list}[${at}].ip`, ip))),
  )
}

const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
/** They mend their addresses themselves. */
const controllers: ReadonlySet<string> = new Set(['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'])

export function endpointSliceWarnings(slice: EndpointSlice, old: EndpointSlice | undefined): readonly string[] {
  if (slice.addressType === 'FQDN') return old ? [] : ['spec.addressType: FQDN endpoints are deprecated']
  if (controllers.has(slice.metadata.labels?.[MANAGED_BY] ?? '')) return []
  // A slice without endpoints says so with null.
  const endpoints: EndpointSlice['endpoints'] | null = slice.endpoints
  return (endpoints ?? []).flatMap(({ addresses }, index) => (addresses ?? []).flatMap((address, at) => ipWarnings(`endpoints[${index}].addresses[${at}]`, address)))
}
