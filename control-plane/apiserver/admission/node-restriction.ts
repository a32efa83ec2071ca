/** What a node may change of its own objects: how they are, not what was decided about them. The authorizer has seen that they are its own. */
import { deepEqual, type JsonObject } from '../../../shared/model/json.ts'
import { whyNotNodeLabels } from '../../../shared/model/node-labels.ts'
import type { Node } from '../../../shared/model/gen/api.ts'
import { nodeNameOf } from '../authz/node.ts'
import { isCore, type AdmissionPlugin, type AdmissionRequest } from './plugin.ts'
import { forbid } from './refuse.ts'

export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  resources: ['/nodes', '/pods'],
  validate(request) {
    const nodeName = nodeNameOf(request.call.user)
    if (nodeName === undefined || request.operation !== 'UPDATE' || !request.old) return
    const reason = isCore(request, 'nodes') ? whyNotNode(request, request.old) : isCore(request, 'pods') ? whyNotPod(request, request.old) : undefined
    if (reason !== undefined) throw forbid(request, `node ${JSON.stringify(nodeName)} ${reason}`)
  },
}

const labelsOf = (object: JsonObject): Readonly<Record<string, string>> => ((object['metadata'] as Node['metadata'] | undefined)?.labels ?? {}) as Readonly<Record<string, string>>

function whyNotNode({ object }: AdmissionRequest, old: JsonObject): string | undefined {
  const [after, before] = [object as unknown as Node, old as unknown as Node]
  if (!deepEqual(after.spec?.taints ?? [], before.spec?.taints ?? [])) return 'is not allowed to modify taints'
  if (!deepEqual(after.metadata.ownerReferences ?? [], before.metadata.ownerReferences ?? [])) return 'is not allowed to modify ownerReferences'
  if (after.spec?.podCIDR !== before.spec?.podCIDR || !deepEqual(after.spec?.podCIDRs ?? [], before.spec?.podCIDRs ?? [])) return 'is not allowed to modify its pod range'
  return whyNotNodeLabels(labelsOf(object), labelsOf(old))
}

/** Labels decide which services and policies a pod belongs to. */
const whyNotPod = ({ object }: AdmissionRequest, old: JsonObject): string | undefined => (deepEqual(labelsOf(object), labelsOf(old)) ? undefined : 'cannot update labels through pod status')
