import type { Container, EphemeralContainer, PodSpec, PodStatus, PodTemplateSpec, ProjectedVolumeSource, Volume, VolumeProjection } from '../../../shared/model/gen/api.ts'
import { mapItems, mapMember, without } from '../defaults/fill.ts'

/** Fields that exist but are not switched on in 1.36 by default: what is written to them is dropped. */
function dropFromContainer<T extends Container | EphemeralContainer>(container: T): T {
  if (container.lifecycle?.stopSignal === undefined) return container
  const lifecycle = without(container.lifecycle, 'stopSignal')
  return Object.keys(lifecycle).length === 0 ? without(container, 'lifecycle') : { ...container, lifecycle }
}

const dropFromVolume = (volume: Volume): Volume => mapMember(volume, 'projected', (projected) => mapItems<ProjectedVolumeSource, VolumeProjection>(projected, 'sources', (source) => without(source, 'clusterTrustBundle', 'podCertificate')))

export function dropDisabledFields(given: PodSpec): PodSpec {
  const spec = mapItems<PodSpec, Volume>(without(given, 'schedulingGroup'), 'volumes', dropFromVolume)
  const contained = mapItems<PodSpec, Container>(mapItems<PodSpec, Container>(spec, 'containers', dropFromContainer), 'initContainers', dropFromContainer)
  return mapItems<PodSpec, EphemeralContainer>(contained, 'ephemeralContainers', dropFromContainer)
}

export const dropDisabledStatus = (status: PodStatus): PodStatus => without(status, 'nodeAllocatableResourceClaimStatuses')

export const dropDisabledFromTemplate = (template: PodTemplateSpec): PodTemplateSpec => mapMember(template, 'spec', dropDisabledFields)
