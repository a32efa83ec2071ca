import type { Pod } from '../../../shared/model/gen/api.ts'
import { isCore, type AdmissionPlugin } from './plugin.ts'
import { forbid } from './refuse.ts'
import { cachedObject, nodesResource, type AdmissionSources } from './sources.ts'

/** A pod can only be resized on a node that is there. */
export const podResize = (sources: AdmissionSources): AdmissionPlugin => ({
  name: 'PodResize',
  validate(request) {
    if (request.operation !== 'UPDATE' || request.subresource !== 'resize' || !isCore(request, 'pods')) return
    const nodeName = (request.object as unknown as Pod).spec?.nodeName
    if (nodeName && !cachedObject(sources, nodesResource, { namespace: '', name: nodeName })) throw forbid(request, `node ${JSON.stringify(nodeName)} not found`)
  },
})
