import { hostPortsCollide } from '../../../../shared/model/host-ports.ts'
import type { FilterPlugin } from '../framework.ts'

/** A host port can be had once per node, protocol and address. */
export const nodePorts: FilterPlugin = {
  name: 'NodePorts',
  filter({ hostPorts }) {
    if (hostPorts.length === 0) return undefined
    return (node) => {
      const taken = hostPorts.find((wanted) => node.hostPorts.some((used) => hostPortsCollide(wanted, used)))
      return taken && { reasons: ["node(s) didn't have free ports for the requested pod ports"], resolvable: true, detail: `host port ${taken.hostPort}/${taken.protocol ?? 'TCP'} is taken` }
    }
  },
  local: true,
}
