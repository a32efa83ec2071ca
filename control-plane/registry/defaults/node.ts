import type { Node, NodeSpec, NodeStatus } from '../../../shared/model/gen/api.ts'
import { fillAbsent, mapMember } from './fill.ts'
import { defaultResourceList } from './resources.ts'

const NO_SYSTEM = { machineID: '', systemUUID: '', bootID: '', kernelVersion: '', osImage: '', containerRuntimeVersion: '', kubeletVersion: '', kubeProxyVersion: '', operatingSystem: '', architecture: '' } as const

/** `podCIDR` is the old name of the first of `podCIDRs`: it wins where they differ, and each follows the other. */
function mirrorCidr(spec: NodeSpec): NodeSpec {
  const first = spec.podCIDRs?.[0]
  if (!spec.podCIDR) return first === undefined ? spec : { ...spec, podCIDR: first }
  return first === spec.podCIDR ? spec : { ...spec, podCIDRs: [spec.podCIDR] }
}

/** A node that says only what it has can give all of it. */
function defaultStatus(status: NodeStatus): NodeStatus {
  const capacity = mapMember(mapMember(status, 'capacity', defaultResourceList), 'allocatable', defaultResourceList)
  const allocatable = capacity.capacity ? fillAbsent(capacity, { allocatable: capacity.capacity }) : capacity
  const filled = fillAbsent(allocatable, { daemonEndpoints: {}, nodeInfo: NO_SYSTEM })
  return mapMember(filled, 'daemonEndpoints', (endpoints) => mapMember(fillAbsent(endpoints, { kubeletEndpoint: { Port: 0 } }), 'kubeletEndpoint', (endpoint) => fillAbsent(endpoint, { Port: 0 })))
}

export const defaultNode = (node: Node): Node => mapMember(mapMember(fillAbsent(node, { spec: {}, status: {} }), 'spec', mirrorCidr), 'status', defaultStatus)
