/** The legacy Endpoints of a service: what clients read that know nothing of EndpointSlices. PURE. */
import type { EndpointAddress, EndpointPort, Endpoints, EndpointSlice, EndpointSubset, Pod, Service } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { isFinished, isReady } from '../pod-control/pod-state.ts'
import { targetPortOf } from '../pod-control/target-port.ts'
import { withTriggerTime } from '../pod-control/trigger-time.ts'

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by'
const MANAGER = 'endpoint-controller'
const HEADLESS = 'service.kubernetes.io/headless'
const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror'
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity'
const MAX_ADDRESSES = 1000

export type EndpointsStep = { readonly kind: 'none' } | { readonly kind: 'create' | 'update'; readonly endpoints: Endpoints }

/** Services without a selector have the Endpoints that somebody makes for them, those that only name another host have none. */
export const hasOwnEndpoints = (service: Service): boolean => Object.keys(service.spec?.selector ?? {}).length > 0 && service.spec?.type !== 'ExternalName'

/** Whether this controller made them. */
export const isMade = ({ metadata }: Endpoints): boolean => metadata.labels?.[MANAGED_BY] === MANAGER

export interface EndpointsView {
  readonly service: Service
  /** Those its selector matches. */
  readonly pods: readonly Pod[]
  readonly existing: Endpoints | undefined
  /** See {@link TriggerTimes}. */
  readonly triggeredAt?: string | undefined
}

export function planEndpoints({ service, pods, existing, triggeredAt }: EndpointsView): EndpointsStep {
  const all = subsetsOf(service, pods)
  const subsets = truncated(all)
  const annotations = { ...existing?.metadata.annotations, [OVER_CAPACITY]: subsets === all ? undefined : 'truncated' }
  const next = step({ service, existing, labels: labelsOf(service), subsets, annotations })
  return next.kind === 'none' ? next : { ...next, endpoints: withTriggerTime(next.endpoints, triggeredAt) }
}

/** The Endpoints of the API servers themselves say what their slice says. */
export function planApiEndpoints({ service, slice, existing }: { readonly service: Service; readonly slice: EndpointSlice; readonly existing: Endpoints | undefined }): EndpointsStep {
  const addresses = (slice.endpoints ?? []).flatMap(({ addresses: ips }) => ips.map((ip): EndpointAddress => ({ ip }))).toSorted((a, b) => (a.ip < b.ip ? -1 : 1))
  const ports = (slice.ports ?? []).map(({ name, port, protocol }): EndpointPort => ({ ...(name && { name }), port: port ?? 0, protocol: protocol ?? 'TCP' }))
  return step({ service, existing, labels: { [SKIP_MIRROR]: 'true' }, subsets: addresses.length === 0 ? [] : [{ addresses, ports }], annotations: existing?.metadata.annotations ?? {} })
}

interface Wanted {
  readonly service: Service
  readonly existing: Endpoints | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly subsets: readonly EndpointSubset[]
  readonly annotations: Readonly<Record<string, string | undefined>>
}

function step({ service, existing, labels, subsets, annotations }: Wanted): EndpointsStep {
  const kept = Object.fromEntries(Object.entries(annotations).filter((entry): entry is [string, string] => entry[1] !== undefined))
  if (existing && deepEqual(existing.subsets ?? [], subsets) && deepEqual(existing.metadata.labels ?? {}, labels) && deepEqual(existing.metadata.annotations ?? {}, kept)) return { kind: 'none' }
  const { annotations: _old, ...metadata } = existing?.metadata ?? { name: service.metadata.name, namespace: service.metadata.namespace }
  const endpoints: Endpoints = { metadata: { ...metadata, labels, ...(Object.keys(kept).length > 0 && { annotations: kept }) }, ...(subsets.length > 0 && { subsets }) }
  return { kind: existing ? 'update' : 'create', endpoints }
}

const isHeadless = ({ spec }: Service): boolean => spec?.clusterIP === 'None'

function labelsOf(service: Service): Readonly<Record<string, string>> {
  const { [HEADLESS]: _headless, ...labels } = service.metadata.labels ?? {}
  return { ...labels, ...(isHeadless(service) && { [HEADLESS]: '' }), [MANAGED_BY]: MANAGER }
}

interface Offer {
  readonly address: EndpointAddress
  readonly ready: boolean
  readonly port: EndpointPort | undefined
}

function offersOf(service: Service, pod: Pod): readonly Offer[] {
  const address = addressOf(service, pod)
  const anyway = service.spec?.publishNotReadyAddresses === true
  if (!address || isFinished(pod) || (pod.metadata.deletionTimestamp !== undefined && !anyway)) return []
  const ready = anyway || isReady(pod)
  const ports = service.spec?.ports ?? []
  if (ports.length === 0) return isHeadless(service) ? [{ address, ready, port: undefined }] : []
  return ports.flatMap((port) => {
    const number = targetPortOf(port, pod)
    if (number === undefined) return []
    return [{ address, ready, port: { ...(port.name && { name: port.name }), port: number, protocol: port.protocol ?? 'TCP', ...(port.appProtocol !== undefined && { appProtocol: port.appProtocol }) } }]
  })
}

/** In the family of the service; `undefined` while the pod has none. */
function addressOf(service: Service, pod: Pod): EndpointAddress | undefined {
  const wantsV6 = (service.spec?.ipFamilies?.[0] ?? (service.spec?.clusterIP?.includes(':') ? 'IPv6' : 'IPv4')) === 'IPv6'
  const ips = (pod.status?.podIPs ?? []).map((one) => one.ip)
  const ip = (ips.length > 0 ? ips : [pod.status?.podIP ?? '']).find((one) => one !== '' && one.includes(':') === wantsV6)
  if (ip === undefined) return undefined
  const { name, namespace, uid } = pod.metadata
  const hostname = pod.spec?.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined
  return { ip, ...(hostname && { hostname }), ...(pod.spec?.nodeName && { nodeName: pod.spec.nodeName }), targetRef: { kind: 'Pod', namespace, name, uid } }
}

/** Addresses that offer the same ports in the same state stand in one subset. */
function subsetsOf(service: Service, pods: readonly Pod[]): readonly EndpointSubset[] {
  const byPort = new Map<string, { readonly port: EndpointPort | undefined; readonly offers: Map<string, Offer> }>()
  for (const offer of pods.flatMap((pod) => offersOf(service, pod))) {
    const key = JSON.stringify(offer.port ?? null)
    const group = byPort.get(key) ?? { port: offer.port, offers: new Map<string, Offer>() }
    group.offers.set(`${offer.address.ip}|${offer.address.targetRef?.uid ?? ''}`, offer)
    byPort.set(key, group)
  }
  const bySet = new Map<string, { readonly ports: EndpointPort[]; readonly offers: readonly Offer[] }>()
  for (const { port, offers } of byPort.values()) {
    const sorted = [...offers].toSorted(([a], [b]) => (a < b ? -1 : 1))
    const key = sorted.map(([name, { ready }]) => `${name}|${ready}`).join(',')
    const subset = bySet.get(key) ?? { ports: [], offers: sorted.map(([, offer]) => offer) }
    if (port) subset.ports.push(port)
    bySet.set(key, subset)
  }
  return [...bySet.values()].map(({ ports, offers }) => subsetOf(ports, offers))
}

function subsetOf(ports: readonly EndpointPort[], offers: readonly Offer[]): EndpointSubset {
  const addresses = offers.filter(({ ready }) => ready).map(({ address }) => address)
  const notReadyAddresses = offers.filter(({ ready }) => !ready).map(({ address }) => address)
  return { ...(addresses.length > 0 && { addresses }), ...(notReadyAddresses.length > 0 && { notReadyAddresses }), ...(ports.length > 0 && { ports }) }
}

/** At most a thousand addresses, ready ones first; the same value if there are no more. */
function truncated(subsets: readonly EndpointSubset[]): readonly EndpointSubset[] {
  const count = (list: 'addresses' | 'notReadyAddresses'): number => subsets.reduce((sum, subset) => sum + (subset[list]?.length ?? 0), 0)
  const [ready, waiting] = [count('addresses'), count('notReadyAddresses')]
  if (ready + waiting <= MAX_ADDRESSES) return subsets
  let room = MAX_ADDRESSES
  const take = (list: readonly EndpointAddress[] | undefined): readonly EndpointAddress[] => {
    const taken = (list ?? []).slice(0, Math.max(0, room))
    room -= taken.length
    return taken
  }
  const kept = subsets.map((subset) => ({ subset, addresses: take(subset.addresses) }))
  return kept.map(({ subset, addresses }) => ({ subset, addresses, notReadyAddresses: take(subset.notReadyAddresses) })).flatMap(({ subset, addresses, notReadyAddresses }) => {
    if (addresses.length + notReadyAddresses.length === 0) return []
    return [{ ...(addresses.length > 0 && { addresses }), ...(notReadyAddresses.length > 0 && { notReadyAddresses }), ...(subset.ports && { ports: subset.ports }) }]
  })
}
