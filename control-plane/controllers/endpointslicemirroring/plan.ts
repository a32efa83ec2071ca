/** The slices that say what hand-made Endpoints say. PURE. */
import type { DiscoveryV1EndpointPort, Endpoint, EndpointAddress, Endpoints, EndpointSlice, EndpointSubset, Service } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { endpoints as endpointsResource } from '../../../shared/model/resources.ts'
import { controllerReference } from '../pod-control/template.ts'

export const MANAGER = 'endpointslicemirroring-controller.k8s.io'
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
export const SERVICE_NAME = 'kubernetes.io/service-name'
const SKIP = 'endpointslice.kubernetes.io/skip-mirror'
const LEADER = 'control-plane.alpha.kubernetes.io/leader'
const MAX_PER_SUBSET = 1000
const notCopied = new Set(['endpoints.kubernetes.io/last-change-trigger-time', 'kubectl.kubernetes.io/last-applied-configuration'])

export interface MirrorPlan {
  readonly create: readonly EndpointSlice[]
  readonly update: readonly EndpointSlice[]
  readonly remove: readonly EndpointSlice[]
}

/** Services with a selector have slices of their own. */
const isMirrored = (endpoints: Endpoints, service: Service | undefined): boolean =>
  service !== undefined && Object.keys(service.spec?.selector ?? {}).length === 0 && endpoints.metadata.labels?.[SKIP] !== 'true' && endpoints.metadata.annotations?.[LEADER] === undefined

export function planMirror({ endpoints, service, slices }: { readonly endpoints: Endpoints | undefined; readonly service: Service | undefined; readonly slices: readonly EndpointSlice[] }): MirrorPlan {
  if (!endpoints || endpoints.metadata.deletionTimestamp !== undefined || !isMirrored(endpoints, service)) return { create: [], update: [], remove: slices }
  const left = new Map(slices.map((slice) => [slice.metadata.name ?? '', slice]))
  const create: EndpointSlice[] = []
  const update: EndpointSlice[] = []
  for (const wanted of (endpoints.subsets ?? []).flatMap((subset) => slicesOf(endpoints, subset))) {
    const fits = (slice: EndpointSlice): boolean => slice.addressType === wanted.addressType && deepEqual(slice.ports ?? [], wanted.ports ?? [])
    const found = [...left.values()].find(fits)
    if (!found) {
      create.push(wanted)
      continue
    }
    left.delete(found.metadata.name ?? '')
    const next = { ...found, metadata: { ...found.metadata, labels: wanted.metadata.labels, ...(wanted.metadata.annotations && { annotations: wanted.metadata.annotations }) }, endpoints: wanted.endpoints }
    if (!deepEqual(next, found)) update.push(next)
  }
  return { create, update, remove: [...left.values()] }
}

function slicesOf(owner: Endpoints, subset: EndpointSubset): readonly EndpointSlice[] {
  const all = [...(subset.addresses ?? []).map((address) => endpointOf(address, true)), ...(subset.notReadyAddresses ?? []).map((address) => endpointOf(address, false))].slice(0, MAX_PER_SUBSET)
  const ports = (subset.ports ?? []).map(({ name, port, protocol, appProtocol }): DiscoveryV1EndpointPort => ({ name: name ?? '', port, protocol: protocol ?? 'TCP', ...(appProtocol !== undefined && { appProtocol }) }))
  return ['IPv4', 'IPv6'].flatMap((addressType) => {
    const endpoints = all.filter(({ addresses }) => (addresses[0]?.includes(':') ?? false) === (addressType === 'IPv6'))
    return endpoints.length === 0 ? [] : [newSlice(owner, { addressType, ports, endpoints })]
  })
}

const endpointOf = ({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint => ({
  addresses: [ip],
  conditions: { ready },
  ...(hostname && { hostname }),
  ...(targetRef && { targetRef }),
  ...(nodeName !== undefined && { nodeName }),
})

function newSlice(owner: Endpoints, of: { readonly addressType: string; readonly ports: readonly DiscoveryV1EndpointPort[]; readonly endpoints: readonly Endpoint[] }): EndpointSlice {
  const annotations = Object.entries(owner.metadata.annotations ?? {}).filter(([key]) => !notCopied.has(key))
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace,
      labels: { ...owner.metadata.labels, [MANAGED_BY]: MANAGER, [SERVICE_NAME]: owner.metadata.name ?? '' },
      ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }),
      ownerReferences: [controllerReference(endpointsResource, owner)],
    },
    ...of,
  }
}
