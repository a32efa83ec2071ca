/** Keeps what pods and claims ask for within the LimitRanges of their namespace, and fills in what containers leave open. */
import type { LimitRange, PersistentVolumeClaim, Pod } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { claimProblems, podProblems, withDefaults } from '../../registry/limits/limits.ts'
import { metadataOf } from '../core/stored.ts'
import { isCore, type AdmissionPlugin, type AdmissionRequest } from './plugin.ts'
import { forbid } from './refuse.ts'
import { limitRangesResource, listCached, type AdmissionSources } from './sources.ts'

export const limitRanger = (sources: AdmissionSources): AdmissionPlugin => {
  const rangesOf = ({ namespace }: AdmissionRequest): readonly LimitRange[] => listCached(sources, limitRangesResource, namespace) as unknown as readonly LimitRange[]
  return {
    name: 'LimitRanger',
    resources: ['/pods', '/persistentvolumeclaims'],
    mutate(request) {
      if (request.operation !== 'CREATE' || !isCore(request, 'pods') || request.subresource !== '') return request.object
      return rangesOf(request).reduce<Pod>((pod, range) => withDefaults(pod, range), request.object as unknown as Pod) as unknown as JsonObject
    },
    validate(request) {
      if (request.operation === 'DELETE' || metadataOf(request.object)['deletionTimestamp'] !== undefined) return
      const isNewPod = isCore(request, 'pods') && ((request.operation === 'CREATE' && request.subresource === '') || request.subresource === 'resize')
      const isClaim = isCore(request, 'persistentvolumeclaims') && request.subresource === ''
      if (!isNewPod && !isClaim) return
      for (const range of rangesOf(request)) {
        // What holds of several containers is said once.
        const problems = [...new Set(isClaim ? claimProblems(request.object as unknown as PersistentVolumeClaim, range) : podProblems(request.object as unknown as Pod, range))]
        if (problems.length > 0) throw forbid(request, problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`)
      }
    },
  }
}
