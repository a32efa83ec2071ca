/** Gives every node with an agent its own range of pod addresses. Nodes that were made by API alone keep what they were given. */
import type { NodeLiveness } from '../../dispatch/liveness-port.ts'
import { nameOf, uidOf } from '../../../shared/model/meta.ts'
import type { Node } from '../../../shared/model/gen/api.ts'
import { nodes } from '../../../shared/model/resources.ts'
import { Fault } from '../../../shared/kit/faults.ts'
import { ignoreMissing } from '../answers.ts'
import { done, type Controller, type ControllerParts } from '../controller.ts'
import { referenceTo } from '../events/recorder.ts'
import { OwnWrites } from '../own-writes.ts'
import { nextCidr, parseCidr } from './plan.ts'

/** All nodes under one name, so that the newest writes are found among them. */
const ALL = 'all'
const everyNode = (): readonly string[] => [ALL]

export function createNodeIpamController(parts: ControllerParts, of: { readonly liveness: NodeLiveness; readonly clusterCidr: string }): Controller {
  const { client, informers, events } = parts
  const cluster = parseCidr(of.clusterCidr)
  if (!cluster) throw new Fault('invalid', `the cluster's pod range ${of.clusterCidr} is no IPv4 range like 10.244.0.0/16`)
  const view = new OwnWrites<Node>(informers.for(nodes))
  view.addIndex(ALL, everyNode)
  return {
    name: 'nodeipam',
    workers: 1, // one at a time, so that no range is given twice
    start(enqueue) {
      const stops = [informers.for(nodes).subscribe(({ key, after }) => after && !after.spec?.podCIDR && enqueue(key)), of.liveness.onChange((name) => enqueue(name))]
      return () => stops.forEach((stop) => stop())
    },
    async reconcile(name) {
      const node = view.get(name)
      if (!node || node.spec?.podCIDR || of.liveness.stateOf(name).kind === 'no-agent') return done
      const taken = view.byIndex(ALL, ALL).flatMap(({ spec }) => spec?.podCIDRs ?? spec?.podCIDR ?? [])
      const podCIDR = nextCidr(cluster, taken)
      if (podCIDR === undefined) {
        events.record('node-controller', referenceTo(nodes, node), { type: 'Normal', reason: 'CIDRNotAvailable', message: `Node ${name} status is now: CIDRNotAvailable` })
        throw new Fault('exhausted', `no pod range is left in ${of.clusterCidr} for node ${name}`)
      }
      const written = await client.patch(nodes, { name: nameOf(node) }, { type: 'merge', body: { metadata: { uid: uidOf(node) }, spec: { podCIDR, podCIDRs: [podCIDR] } } }).catch(ignoreMissing)
      if (written) view.wrote(written)
      return done
    },
  }
}
