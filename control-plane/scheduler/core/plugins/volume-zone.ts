import type { PersistentVolume } from '../../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../../shared/model/json.ts'
import { claimKeysOf } from '../../../../shared/model/volume-claims.ts'
import type { FilterPlugin } from '../framework.ts'
import { podClaims, type StorageView } from '../storage.ts'
import type { PodInfo } from '../state.ts'

/** Each with its older name, which nodes and volumes may still carry. */
const CURRENT: Readonly<Record<string, string>> = {
  'topology.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region': 'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
}
/** Between the zones of a volume that is in several. */
const SEPARATOR = '__'
const REFUSAL = { reasons: ['node(s) had no available volume zone'], resolvable: false } as const

interface Place {
  readonly label: string
  readonly values: readonly string[]
}

const placesOf = ({ metadata }: PersistentVolume): readonly Place[] => Object.entries(metadata.labels ?? {}).flatMap(([label, value]) => (Object.hasOwn(CURRENT, label) ? [{ label, values: value.split(SEPARATOR).map((one) => one.trim()) }] : []))

function placesOfPod({ pod }: PodInfo, storage: StorageView): readonly Place[] {
  const claims = podClaims(pod, storage)
  if (claims?.kind !== 'claims') return []
  return claims.bound.flatMap(({ spec }) => {
    const volume = storage.volume(spec?.volumeName ?? '')
    return volume ? placesOf(volume) : []
  })
}

/** A volume that is labelled with a zone or region is for nodes of it; nodes that name none at all take everything. */
export const volumeZone: FilterPlugin = {
  name: 'VolumeZone',
  filter(info, { storage }) {
    const places = placesOfPod(info, storage)
    if (places.length === 0) return undefined
    return ({ labels }) => {
      if (!Object.keys(CURRENT).some((label) => labels[label] !== undefined)) return undefined
      return places.every(({ label, values }) => values.includes(labels[label] ?? labels[CURRENT[label] ?? label] ?? '')) ? undefined : REFUSAL
    }
  },
  local: false,
  helps({ pod }, event) {
    if (event.kind === 'claim') return claimKeysOf(pod).includes(event.key)
    return event.kind === 'volumes' || (event.kind === 'node' && !deepEqual(event.node.before?.labels, event.node.after?.labels))
  },
}
