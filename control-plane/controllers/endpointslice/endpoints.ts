/** The endpoint that a pod is for a service. PURE. */
import type { DiscoveryV1EndpointPort, Endpoint, Node, Pod, Service } from '../../../shared/model/gen/api.ts'
import { isFinished, isReady } from '../pod-control/pod-state.ts'
import { targetPortOf } from '../pod-control/target-port.ts'

export type AddressType = 'IPv4' | 'IPv6'
export type EndpointPorts = readonly DiscoveryV1EndpointPort[]

export const ZONE_LABEL = 'topology.kubernetes.io/zone'

/** Has an address and has not finished; terminating pods are in too, so that connections can drain. */
export const isBehind = (pod: Pod): boolean => !isFinished(pod) && addressesOf(pod).length > 0

const addressesOf = (pod: Pod): readonly string[] => {
  const all = (pod.status?.podIPs ?? []).map(({ ip }) => ip)
  return all.length > 0 ? all : pod.status?.podIP ? [pod.status.podIP] : []
}

export const typeOfAddress = (address: string): AddressType => (address.includes(':') ? 'IPv6' : 'IPv4')

/** `undefined` if the pod has no address of that type. */
export function endpointOf(pod: Pod, service: Service, of: { readonly addressType: AddressType; readonly node: Node | undefined }): Endpoint | undefined {
  const addresses = addressesOf(pod).filter((address) => typeOfAddress(address) === of.addressType)
  if (addresses.length === 0) return undefined
  const serving = isReady(pod)
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const zone = of.node?.metadata.labels?.[ZONE_LABEL]
  const hasHostname = Boolean(pod.spec?.hostname) && pod.spec?.subdomain === service.metadata.name
  return {
    addresses,
    conditions: { ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating },
    ...(hasHostname ? { hostname: pod.spec?.hostname } : {}),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
    ...(zone ? { zone } : {}),
  }
}

/** The service's ports as this pod has them: a named target port may be another number in every pod, or missing. */
export function portsOf(service: Service, pod: Pod): EndpointPorts {
  return (service.spec?.ports ?? []).flatMap((port) => {
    const number = targetPortOf(port, pod)
    if (number === undefined) return []
    return [{ name: port.name ?? '', port: number, protocol: port.protocol ?? 'TCP', ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }) }]
  })
}
