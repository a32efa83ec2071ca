import type { Node, Pod } from '../../../shared/model/gen/api.ts'
import { cpuMillis, quantityValue } from '../../../shared/model/quantity.ts'
import { podAmounts } from '../../registry/quota/pod-amounts.ts'
import { isCore, type AdmissionPlugin } from './plugin.ts'
import { forbid } from './refuse.ts'
import { cachedObject, nodesResource, type AdmissionSources } from './sources.ts'

const READ = { cpu: cpuMillis, memory: quantityValue } as const

/** A pod can only be resized on a node that is there, and not to more than that one can give to a pod at all. */
export const podResize = (sources: AdmissionSources): AdmissionPlugin => ({
  name: 'PodResize',
  resources: ['/pods'],
  validate(request) {
    if (request.operation !== 'UPDATE' || request.subresource !== 'resize' || !isCore(request, 'pods')) return
    const pod = request.object as unknown as Pod
    const nodeName = pod.spec?.nodeName
    if (!nodeName) return
    const node = cachedObject(sources, nodesResource, { namespace: '', name: nodeName }) as unknown as Node | undefined
    if (!node) throw forbid(request, `node ${JSON.stringify(nodeName)} not found`)
    const tooMuch = beyond(pod, request.old as unknown as Pod | undefined, node)
    if (tooMuch !== undefined) throw forbid(request, tooMuch)
  },
})

/** What grows beyond all that the node has. */
function beyond(pod: Pod, old: Pod | undefined, node: Node): string | undefined {
  const capacity = node.status?.allocatable ?? node.status?.capacity
  if (capacity === undefined) return undefined
  for (const resource of ['cpu', 'memory'] as const) {
    const read = (amount: string | number | undefined): number => READ[resource](amount === undefined ? undefined : String(amount))
    const requested = read(podAmounts(pod, 'requests')[resource])
    const before = old === undefined ? 0 : read(podAmounts(old, 'requests')[resource])
    if (capacity[resource] !== undefined && requested > before && requested > read(capacity[resource])) return `Node didn't have enough capacity: ${resource}, requested: ${requested}, capacity: ${read(capacity[resource])}`
  }
  return undefined
}
