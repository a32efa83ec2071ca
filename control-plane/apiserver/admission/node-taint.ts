import type { Node } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { isCore, type AdmissionPlugin } from './plugin.ts'

const NOT_READY = 'node.kubernetes.io/not-ready'

/** No pod is put on a node before it has said that it is ready. */
export const taintNewNodes: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  resources: ['/nodes'],
  mutate(request) {
    if (request.operation !== 'CREATE' || !isCore(request, 'nodes') || request.subresource !== '') return request.object
    const node = request.object as unknown as Node
    const taints = node.spec?.taints ?? []
    if (taints.some((taint) => taint.key === NOT_READY && taint.effect === 'NoSchedule')) return request.object
    return { ...node, spec: { ...node.spec, taints: [...taints, { key: NOT_READY, effect: 'NoSchedule' }] } } as unknown as JsonObject
  },
}
