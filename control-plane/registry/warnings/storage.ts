import type { CSIStorageCapacity, PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec, StorageClass } from '../../../shared/model/gen/api.ts'
import type { StrategyContext } from '../kind.ts'
import { sortedEntries } from '../validation/check.ts'
import { oldLabel, termWarnings } from './node-labels.ts'
import { claimSpecWarnings } from './pod-spec.ts'

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class'
const BETA_OPTIONS = 'volume.beta.kubernetes.io/mount-options'
const ANNOTATIONS = 'metadata.annotations'

const gone: ReadonlyArray<readonly [kind: keyof PersistentVolumeSpec, deprecated: string, ended: string]> = [
  ['cephfs', 'v1.28', 'v1.31+'],
  ['photonPersistentDisk', 'v1.11', 'v1.16+'],
  ['scaleIO', 'v1.16', 'v1.22+'],
  ['storageos', 'v1.22', 'v1.25+'],
  ['glusterfs', 'v1.25', 'v1.26+'],
  ['rbd', 'v1.28', 'v1.31+'],
  ['flocker', 'v1.22', 'v1.25+'],
  ['quobyte', 'v1.22', 'v1.25+'],
]

/** In messages one kind has capitals of its own. */
const shownAs: Partial<Record<keyof PersistentVolumeSpec, string>> = { storageos: 'storageOS', cephfs: 'cephfs' }

export function persistentVolumeWarnings({ metadata, spec }: PersistentVolume, _old: PersistentVolume | undefined, { subresource }: StrategyContext): readonly string[] {
  if (subresource === 'status') return []
  const annotations = metadata.annotations ?? {}
  const warnings: string[] = []
  if (annotations[BETA_CLASS] !== undefined) warnings.push(`${ANNOTATIONS}[${BETA_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`)
  if (annotations[BETA_OPTIONS] !== undefined) warnings.push(`${ANNOTATIONS}[${BETA_OPTIONS}]: deprecated since v1.31; use "mountOptions" attribute instead`)
  for (const [index, term] of (spec?.nodeAffinity?.required?.nodeSelectorTerms ?? []).entries()) warnings.push(...termWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`))
  if (spec?.persistentVolumeReclaimPolicy === 'Recycle') warnings.push('spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.')
  for (const [kind, deprecated, ended] of gone) if (spec?.[kind] !== undefined) warnings.push(`spec.${shownAs[kind] ?? kind}: deprecated in ${deprecated}, non-functional in ${ended}`)
  return warnings
}

export function persistentVolumeClaimWarnings({ metadata, spec }: PersistentVolumeClaim, _old: PersistentVolumeClaim | undefined, { subresource }: StrategyContext): readonly string[] {
  if (subresource === 'status') return []
  const old = metadata.annotations?.[BETA_CLASS] === undefined ? [] : [`${ANNOTATIONS}[${BETA_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`]
  return [...old, ...claimSpecWarnings(spec, 'spec')]
}

export const storageClassWarnings = ({ allowedTopologies }: StorageClass): readonly string[] =>
  (allowedTopologies ?? []).flatMap((term, index) =>
    (term.matchLabelExpressions ?? []).flatMap(({ key }, at) => (oldLabel(key) === undefined ? [] : [`allowedTopologies[${index}].matchLabelExpressions[${at}].key: ${oldLabel(key)}`])),
  )

export const csiStorageCapacityWarnings = ({ nodeTopology }: CSIStorageCapacity): readonly string[] => [
  ...termWarnings(nodeTopology, 'nodeTopology'),
  ...sortedEntries(nodeTopology?.matchLabels).flatMap(([key]) => (oldLabel(key) === undefined ? [] : [`nodeTopology.matchLabels.${key}: ${oldLabel(key)}`])),
]
