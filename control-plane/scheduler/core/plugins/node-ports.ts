import type { ContainerPort } from '../../../../shared/model/gen/api.ts'
import type { FilterPlugin } from '../framework.ts'

const anyAddress = (port: ContainerPort): boolean => !port.hostIP || port.hostIP === '0.0.0.0'

const collide = (a: ContainerPort, b: ContainerPort): boolean => a.hostPort === b.hostPort && (a.protocol ?? 'TCP') === (b.protocol ?? 'TCP') && (anyAddress(a) || anyAddress(b) || a.hostIP === b.hostIP)

/** A host port can be had once per node, protocol and address. */
export const nodePorts: FilterPlugin = {
  name: 'NodePorts',
  filter({ hostPorts }) {
    if (hostPorts.length === 0) return undefined
    return (node) => {
      const taken = hostPorts.find((wanted) => node.hostPorts.some((used) => collide(wanted, used)))
      return taken && { reasons: ["node(s) didn't have free ports for the requested pod ports"], resolvable: true, detail: `host port ${taken.hostPort}/${taken.protocol ?? 'TCP'} is taken` }
    }
  },
  wakesOn: ['node-added', 'pod-removed'],
  local: true,
}
