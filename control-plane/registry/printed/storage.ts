/** Parts of volumes and claims as refusals quote them: in Kubernetes' internal form. */
import type { PersistentVolumeClaimSpec, VolumeNodeAffinity } from '../../../shared/model/gen/api.ts'
import type { Json, JsonObject } from '../../../shared/model/json.ts'
import { printInternal } from './internal.ts'
import { internalDiff } from './spec-diff.ts'

/** What the other way round than one would think: the new one is quoted first. */
export const volumeSourceDiff = (source: object, before: object): string => internalDiff('PersistentVolumeSource', source as JsonObject, before as JsonObject)

export const claimSpecDiff = (before: PersistentVolumeClaimSpec, spec: PersistentVolumeClaimSpec): string => internalDiff('PersistentVolumeClaimSpec', before as unknown as JsonObject, spec as unknown as JsonObject)

export const volumeAffinityForm = (affinity: VolumeNodeAffinity | undefined): Json => (affinity ? printInternal('VolumeNodeAffinity', affinity as unknown as JsonObject) : null)
