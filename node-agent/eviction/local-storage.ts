import type { EmptyDirVolumeSource, Pod } from '../../shared/model/gen/api.ts'
import { canonicalQuantity, quantityValue } from '../../shared/model/quantity.ts'
import { boundOf, inBinary, podTotal, runningContainers } from './amounts.ts'

/** What a pod has written on this node. */
export interface LocalStorage {
  /** Of each emptyDir. */
  readonly volumes: ReadonlyMap<string, number>
  /** Own layer and logs of each container. */
  readonly containers: ReadonlyMap<string, number>
}

/** What lies in memory, or in huge pages, is counted there. */
export const isOnDisk = ({ medium = '' }: EmptyDirVolumeSource): boolean => medium === ''

const RESOURCE = 'ephemeral-storage'

/** Whether anything of the pod is bounded: only then it is measured. */
export const hasStorageLimits = (pod: Pod): boolean => (pod.spec?.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined) || podTotal(pod, 'limits', RESOURCE) !== undefined

/** Why the pod must go because of what it wrote itself, in kubelet's words; `undefined` while it keeps its bounds. Pure. */
export function storageExcess(pod: Pod, { volumes, containers }: LocalStorage): string | undefined {
  return emptyDirExcess(pod, volumes) ?? podExcess(pod, { volumes, containers }) ?? containerExcess(pod, containers)
}

function emptyDirExcess(pod: Pod, volumes: LocalStorage['volumes']): string | undefined {
  for (const { name, emptyDir } of pod.spec?.volumes ?? []) {
    if (emptyDir?.sizeLimit === undefined) continue
    const limit = String(emptyDir.sizeLimit)
    if (quantityValue(limit) > 0 && (volumes.get(name) ?? 0) > quantityValue(limit)) return `Usage of EmptyDir volume "${name}" exceeds the limit "${canonicalQuantity(limit) ?? limit}". `
  }
  return undefined
}

function podExcess(pod: Pod, { volumes, containers }: LocalStorage): string | undefined {
  const limit = podTotal(pod, 'limits', RESOURCE)
  if (limit === undefined) return undefined
  const onDisk = (pod.spec?.volumes ?? []).filter(({ emptyDir }) => emptyDir !== undefined && isOnDisk(emptyDir)).map(({ name }) => volumes.get(name) ?? 0)
  const total = [...onDisk, ...containers.values()].reduce((sum, bytes) => sum + bytes, 0)
  return total > limit ? `Pod ephemeral local storage usage exceeds the total limit of containers ${inBinary(limit)}. ` : undefined
}

function containerExcess(pod: Pod, containers: LocalStorage['containers']): string | undefined {
  for (const container of runningContainers(pod)) {
    const limit = boundOf(container, 'limits', RESOURCE)
    if (limit !== undefined && (containers.get(container.name) ?? 0) > quantityValue(limit)) return `Container ${container.name} exceeded its local ephemeral storage limit "${canonicalQuantity(limit) ?? limit}". `
  }
  return undefined
}
