import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { without } from '../defaults/fill.ts'
import type { StrategyContext } from '../kind.ts'
import { keep } from './keep.ts'

export const prepareNewPersistentVolume = (volume: PersistentVolume, { nowMs }: StrategyContext): PersistentVolume => ({ ...volume, status: { phase: 'Pending', lastPhaseTransitionTime: formatTime(nowMs) } })

export function prepareChangedPersistentVolume(volume: PersistentVolume, old: PersistentVolume, { subresource, nowMs }: StrategyContext): PersistentVolume {
  if (subresource !== 'status') return keep('status', volume, old)
  const kept = keep('spec', volume, old)
  const [status, before] = [kept.status, old.status]
  const sameTime = status?.lastPhaseTransitionTime === undefined || status.lastPhaseTransitionTime === before?.lastPhaseTransitionTime
  return status?.phase !== before?.phase && sameTime ? { ...kept, status: { ...status, lastPhaseTransitionTime: formatTime(nowMs) } } : kept
}

export const prepareNewClaim = (claim: PersistentVolumeClaim): PersistentVolumeClaim => ({ ...claim, spec: mirroredSources(claim.spec ?? {}), status: { phase: 'Pending' } })

export function prepareChangedClaim(claim: PersistentVolumeClaim, old: PersistentVolumeClaim, { subresource }: StrategyContext): PersistentVolumeClaim {
  return subresource === 'status' ? keep('spec', claim, old) : keep('status', { ...claim, spec: mirroredSources(claim.spec ?? {}, old.spec) }, old)
}

/** Where a claim's contents come from has an old name and a new one; each follows the other. Sources in other namespaces are not switched on. */
export function mirroredSources(spec: PersistentVolumeClaimSpec, before?: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec {
  const own = withoutUnknownSource(spec.dataSourceRef?.namespace && !before?.dataSourceRef ? without(spec, 'dataSourceRef') : spec, before)
  const { dataSource, dataSourceRef } = own
  if (dataSource && !dataSourceRef) return { ...own, dataSourceRef: { ...dataSource } }
  if (!dataSourceRef || dataSource || dataSourceRef.namespace) return own
  return { ...own, dataSource: without(dataSourceRef, 'namespace') }
}

/** Under the old name only claims and snapshots of them were ever meant; anything else is dropped without a word, as it was then. */
function withoutUnknownSource(spec: PersistentVolumeClaimSpec, before: PersistentVolumeClaimSpec | undefined): PersistentVolumeClaimSpec {
  if (before?.dataSource || before?.dataSourceRef || spec.dataSourceRef || !spec.dataSource) return spec
  const { apiGroup = '', kind } = spec.dataSource
  const known = (kind === 'PersistentVolumeClaim' && apiGroup === '') || (kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io')
  return known ? spec : without(spec, 'dataSource')
}
