/** Which objects a quota is about. */
import type { PersistentVolumeClaim, Pod, PodAffinityTerm, ResourceQuota, ScopedResourceSelectorRequirement } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { qosClass } from '../updates/qos.ts'
import type { Counted } from './usage.ts'

/** Whether all scopes of the quota hold of the object; a quota without scopes is about all. */
export const isInScopes = (quota: ResourceQuota, resource: Counted, object: JsonObject): boolean => requirementsOf(quota).every((requirement) => holds(requirement, resource, object))

const requirementsOf = ({ spec }: ResourceQuota): readonly ScopedResourceSelectorRequirement[] => [...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })), ...(spec?.scopeSelector?.matchExpressions ?? [])]

function holds(requirement: ScopedResourceSelectorRequirement, { group, plural }: Counted, object: JsonObject): boolean {
  if (group !== '') return false
  if (plural === 'pods') return holdsOfPod(requirement, object as unknown as Pod)
  return plural === 'persistentvolumeclaims' && requirement.scopeName === 'VolumeAttributesClass' && matchesAny(requirement, attributesClasses(object as unknown as PersistentVolumeClaim))
}

function holdsOfPod(requirement: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  const ends = (pod.spec?.activeDeadlineSeconds ?? -1) >= 0
  switch (requirement.scopeName) {
    case 'Terminating':
      return ends
    case 'NotTerminating':
      return !ends
    case 'BestEffort':
      return qosClass(pod) === 'BestEffort'
    case 'NotBestEffort':
      return qosClass(pod) !== 'BestEffort'
    case 'PriorityClass':
      return matchesAny(requirement, pod.spec?.priorityClassName ? [pod.spec.priorityClassName] : [])
    case 'CrossNamespacePodAffinity':
      return affinityTerms(pod).some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined)
    default:
      return false
  }
}

function affinityTerms({ spec }: Pod): readonly PodAffinityTerm[] {
  return [spec?.affinity?.podAffinity, spec?.affinity?.podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ podAffinityTerm }) => podAffinityTerm ?? []),
  ])
}

function attributesClasses({ spec, status }: PersistentVolumeClaim): readonly string[] {
  return [spec?.volumeAttributesClassName, status?.currentVolumeAttributesClassName, status?.modifyVolumeStatus?.targetVolumeAttributesClassName].flatMap((name) => (name ? [name] : []))
}

function matchesAny({ operator, values = [] }: ScopedResourceSelectorRequirement, names: readonly string[]): boolean {
  switch (operator) {
    case 'Exists':
      return names.length > 0
    case 'DoesNotExist':
      return names.length === 0
    case 'In':
      return names.some((name) => values.includes(name))
    case 'NotIn':
      return names.length === 0 || names.some((name) => !values.includes(name))
    default:
      return false
  }
}
